// The list of new roofs: sorted and grouped with lodash, drawn with preact.
import { h, render } from "{{preact.mjs}}";

const ROOFS = [
  { street: "Harbour Steps 3", quarter: "Harbour", panels: 22, peak: 9.2, day: "2026-09-03" },
  { street: "Ropewalk 41", quarter: "Harbour", panels: 36, peak: 15.1, day: "2026-10-19" },
  { street: "Cooper’s Yard 7", quarter: "Old Town", panels: 14, peak: 5.9, day: "2026-09-14" },
  { street: "Bell Lane 12", quarter: "Old Town", panels: 18, peak: 7.6, day: "2026-11-02" },
  { street: "Mill Road 88", quarter: "Mill Road", panels: 64, peak: 27.0, day: "2026-10-08" },
  { street: "Weaver Street 5", quarter: "Mill Road", panels: 24, peak: 10.1, day: "2026-09-28" },
  { street: "Southfield School", quarter: "Southfield", panels: 212, peak: 89.0, day: "2026-10-26" },
  { street: "Orchard Way 19", quarter: "Southfield", panels: 20, peak: 8.4, day: "2026-09-09" },
  { street: "Lake View 2", quarter: "Lakeside", panels: 28, peak: 11.8, day: "2026-11-10" },
];

const { _, dayjs } = globalThis;
const byQuarter = _.groupBy(_.orderBy(ROOFS, ["quarter", "day"]), "quarter");

const row = ({ street, panels, peak, day }) =>
  h("tr", { key: street }, h("td", null, street), h("td", { class: "n" }, panels), h("td", { class: "n" }, peak.toFixed(1)), h("td", { class: "n" }, dayjs(day).format("D MMM")));

const group = ([quarter, roofs]) => [
  h("tr", { key: quarter, class: "group" }, h("th", { colSpan: 2 }, quarter), h("th", { class: "n" }, `${_.sumBy(roofs, "peak").toFixed(1)} kW`), h("th", null)),
  roofs.map(row),
];

const head = h("thead", null, h("tr", null, ["Roof", "Panels", "Peak kW", "Since"].map((title, i) => h("th", { key: title, class: i ? "n" : "" }, title))));
const list = document.getElementById("list");
list.replaceChildren();
render(h("table", null, head, h("tbody", null, _.flatten(Object.entries(byQuarter).map(group)))), list);
