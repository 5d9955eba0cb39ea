// Put into the head of every case: what a page can notice of its resources without asking anybody.
window.__events = [];
// What happens in an order that the page decides, such as the turns of its scripts.
window.__steps = [];
{
  const note = ({ target, type }) => {
    if (!(target instanceof Element)) return;
    window.__events.push(`${type}:${target.id || target.localName}`);
  };
  addEventListener("load", note, true);
  addEventListener("error", note, true);
  addEventListener("securitypolicyviolation", ({ violatedDirective }) => window.__events.push(violatedDirective));
  addEventListener("DOMContentLoaded", () => window.__steps.push("parsed"));
  addEventListener("load", () => {
    const eager = [...document.images].filter((image) => image.loading !== "lazy");
    const shown = eager.filter((image) => image.complete && image.naturalWidth > 0);
    window.__events.push(`load event with ${shown.map((image) => image.id).join(" ")}`);
    window.__steps.push("loaded");
  });
  // Line by line, so that what differs can be told. `srcset` is where a swapped image differs, and a source's with it,
  // and an attribute that was written again stands behind the others (facts S41).
  window.__report = () => {
    // A parsed copy is inert; a clone would load its images.
    const policy = window.trustedTypes?.createPolicy("probe", { createHTML: (text) => text });
    const parse = (text) => new DOMParser().parseFromString(policy?.createHTML(text) ?? text, "text/html");
    const copy = parse(document.documentElement.outerHTML).documentElement;
    for (const script of copy.querySelectorAll("script")) script.remove();
    for (const element of copy.querySelectorAll("img, source")) {
      element.removeAttribute("srcset");
      const attributes = [...element.attributes].sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const { name } of attributes) element.removeAttribute(name);
      for (const { name, value } of attributes) element.setAttribute(name, value);
    }
    const sizes = (image) =>
      `${image.id} ${image.naturalWidth}×${image.naturalHeight} as ${image.width}×${image.height} ${image.complete}`;
    const fonts = [...document.fonts].map(({ family, weight, style, status }) => `${family} ${weight} ${style} ${status}`);
    return [
      `${window.length} frames`,
      `steps: ${window.__steps.join(", ")}`,
      ...fonts,
      ...[...document.images].map(sizes),
      ...copy.outerHTML.split("\n"),
    ];
  };
}
