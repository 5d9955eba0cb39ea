export const word = "mapped";
