export const word = "by page";
