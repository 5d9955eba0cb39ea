import { word } from "./b.js";
window.__steps.push(word);
