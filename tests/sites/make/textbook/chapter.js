// Sets the formulas of the chapter and moves the ray of section 7.3.
"use strict";

const GLASS = 1.52;
const LENGTH = 93.2;

for (const place of document.querySelectorAll("[data-tex]")) {
  katex.render(place.dataset.tex, place, { displayMode: place.classList.contains("display"), throwOnError: true });
}

const angle = document.getElementById("angle");

function end(line, radians, side) {
  const ray = document.getElementById(line);
  const end = side < 0 ? "1" : "2";
  ray.setAttribute(`x${end}`, (200 + side * LENGTH * Math.sin(radians)).toFixed(1));
  ray.setAttribute(`y${end}`, (100 + side * LENGTH * Math.cos(radians)).toFixed(1));
}

function show() {
  const before = (angle.valueAsNumber * Math.PI) / 180;
  const after = Math.asin(Math.sin(before) / GLASS);
  document.getElementById("in").textContent = angle.value;
  document.getElementById("out").textContent = ((after * 180) / Math.PI).toFixed(1);
  end("ray-in", before, -1);
  end("ray-out", after, 1);
}

angle.addEventListener("input", show);
show();
