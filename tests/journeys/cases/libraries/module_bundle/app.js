import { h, render } from "preact";
import htm from "htm";

const html = htm.bind(h);
const names = ["a", "b", "c"];
const images = names.map((name) => html`<img id=${name} src="${name}.png" alt="" />`);
render(html`<h1>Drawn</h1>${images}`, document.getElementById("app"));
addEventListener("load", () => {
  document.documentElement.dataset.drawn = "";
});
