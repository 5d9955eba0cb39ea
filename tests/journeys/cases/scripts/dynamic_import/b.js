export const word = "by script";
