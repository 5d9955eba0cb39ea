// The three charts and the dates of the page. All input is fixed: every load draws the same pixels.
"use strict";

const INK = "#16332b";
const GREEN = "#0f7a5f";
const GOLD = "#e3a33b";
const PALE = "#d9e5df";

const MADE = [0, 0, 0, 0, 0.4, 2.1, 6.2, 11.8, 17.9, 23.1, 27.4, 30.2, 31.5, 31.1, 29.2, 26.0, 21.5, 16.1, 10.4, 5.2, 1.6, 0.2, 0, 0];
const USED = [8.1, 7.2, 6.8, 6.6, 6.9, 8.4, 11.9, 14.6, 14.1, 13.2, 12.8, 13.5, 14.9, 13.8, 12.9, 13.1, 14.8, 18.6, 22.9, 24.1, 21.7, 17.5, 13.0, 9.8];
const MIX = [["Roofs", 61], ["Batteries", 17], ["Wind at sea", 14], ["Bought", 8]];
const MONTHS = [1.1, 1.6, 2.8, 3.9, 4.7, 5.1, 5.0, 4.4, 3.3, 2.1, 1.3, 0.9];

// Canvas text is not laid out again when a font arrives: wait for each weight that the chart writes in.
const fonts = Promise.all(["400 12px Inter", "500 12px Inter"].map((font) => document.fonts.load(font)));

function drawDay() {
  Chart.defaults.font.family = "Inter, sans-serif";
  Chart.defaults.color = "#4c625a";
  new Chart(document.getElementById("day"), {
    data: {
      labels: MADE.map((_, hour) => String(hour)),
      datasets: [
        { type: "line", label: "used", data: USED, borderColor: INK, borderWidth: 2, pointRadius: 0, tension: 0.35 },
        { type: "bar", label: "made", data: MADE, backgroundColor: MADE.map((made, hour) => (made > USED[hour] ? GOLD : "#f1d9ab")), borderRadius: 3 },
      ],
    },
    options: {
      animation: false,
      responsive: false,
      devicePixelRatio: 1,
      events: [],
      plugins: { legend: { align: "end", labels: { boxWidth: 12, font: { weight: 500 } } } },
      scales: { x: { grid: { display: false } }, y: { border: { display: false }, grid: { color: PALE } } },
    },
  });
}

function drawMix() {
  const ring = d3.arc().innerRadius(74).outerRadius(120).cornerRadius(3).padAngle(0.015);
  const colour = d3.scaleOrdinal().domain(MIX.map(([name]) => name)).range([GOLD, GREEN, "#7fb3a3", "#c9cfc4"]);
  const svg = d3.select("#mix");
  const slices = d3.pie().sort(null).value(([, share]) => share)(MIX);
  const middle = svg.append("g").attr("transform", "translate(170,140)");
  middle.selectAll("path").data(slices).join("path").attr("d", ring).attr("fill", ({ data }) => colour(data[0]));
  middle.append("text").attr("class", "big").attr("text-anchor", "middle").attr("y", 4).text("78 %");
  middle.append("text").attr("text-anchor", "middle").attr("y", 26).text("from members");
  const legend = svg.selectAll(".key").data(MIX).join("g").attr("class", "key").attr("transform", (_, i) => `translate(${20 + (i % 2) * 165},${292 + Math.floor(i / 2) * 24})`);
  legend.append("rect").attr("width", 12).attr("height", 12).attr("rx", 3).attr("fill", ([name]) => colour(name));
  legend.append("text").attr("x", 20).attr("y", 11).text(([name, share]) => `${name} ${share} %`);
}

function drawYear() {
  const x = d3.scaleBand().domain(d3.range(12)).range([30, 465]).padding(0.28);
  const y = d3.scaleLinear().domain([0, 6]).range([164, 12]);
  const svg = d3.select("#year");
  svg.append("g").selectAll("line").data([0, 2, 4, 6]).join("line").attr("x1", 30).attr("x2", 465).attr("y1", y).attr("y2", y).attr("stroke", PALE);
  svg.append("g").selectAll("text").data([0, 2, 4, 6]).join("text").attr("x", 22).attr("y", (d) => y(d) + 4).attr("text-anchor", "end").text(String);
  svg.append("g").selectAll("rect").data(MONTHS).join("rect").attr("x", (_, i) => x(i)).attr("width", x.bandwidth()).attr("y", y).attr("height", (d) => y(0) - y(d)).attr("rx", 3).attr("fill", (d) => (d > 4 ? GOLD : GREEN));
  svg.append("g").selectAll("text").data([..."JFMAMJJASOND"]).join("text").attr("x", (_, i) => x(i) + x.bandwidth() / 2).attr("y", 184).attr("text-anchor", "middle").text(String);
}

function writeDates() {
  for (const time of document.querySelectorAll("time[data-day]")) {
    time.textContent = dayjs(time.dateTime).format("D MMMM YYYY");
  }
}

writeDates();
drawMix();
drawYear();
fonts.then(drawDay).then(() => (document.documentElement.dataset.drawn = "all"));
