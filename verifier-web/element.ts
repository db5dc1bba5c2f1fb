type Child = Node | string | null | false;
type Attributes = Readonly<Record<string, string | number | boolean | null | ((event: Event) => void)>>;

/**
 * Builds an element. Strings become text nodes, never markup, since names and findings come from strangers' files.
 * `true` sets an empty attribute, `false` and `null` none; a function under `onclick` and the like is a listener.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const built = document.createElement(name);
  fill(built, attributes, children);
  return built;
}

function fill(target: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") target.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) target.setAttribute(key, value === true ? "" : String(value));
  }
  target.append(...children.filter((child) => child !== null && child !== false));
}

const shapes = {
  passed: ["M5 12.5l4.500 4.500L19 7.500"],
  failed: ["M6.500 6.500l11 11", "M17.500 6.500l-11 11"],
  undecided: ["M9 9.200a3 3 0 1 1 4.300 2.700c-.9.500-1.300 1-1.300 2.100", "M12 17.600v.2"],
  unsigned: ["M6 12h12"],
  warning: ["M12 7v6", "M12 16.800v.2"],
  info: ["M12 11v6", "M12 7.200v.2"],
  unfold: ["M9 6l6 6-6 6"],
  file: ["M7 3.500h7l4 4v13H7z", "M14 3.500v4h4"],
  seal: ["M12 4a5 5 0 1 1 0 10 5 5 0 0 1 0-10z", "M9 13.500L8 21l4-2.200L16 21l-1-7.500"],
  person: [
    "M12 4.500a3.700 3.700 0 1 1 0 7.400 3.700 3.700 0 0 1 0-7.400z",
    "M4.800 20c.8-3.800 3.700-5.600 7.200-5.600s6.400 1.800 7.200 5.600",
  ],
  clock: ["M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z", "M12 8v4.500l3 1.700"],
} as const;
export type IconName = keyof typeof shapes;

/** A line drawing in the colour of the text, for decoration: what it says always stands beside it in words. */
export function icon(name: IconName): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  fill(svg, { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true", focusable: "false" }, []);
  for (const shape of shapes[name]) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", shape);
    svg.append(path);
  }
  return svg;
}
