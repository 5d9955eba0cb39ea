export { word } from "./c.js";
