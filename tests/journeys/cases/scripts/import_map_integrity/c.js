export const other = "also mapped";
