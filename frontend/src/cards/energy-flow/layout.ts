/** Where the bars and ribbons of the energy flows are drawn. Pure. */

import type { Flow, FlowNode } from "./const.js";

export const BAR = 10;
export const LABEL = 32;
const GAP = 12;
const TALLEST = 190;
const THINNEST = 2;

export interface Bar {
  node: FlowNode;
  kwh: number;
  estimated: boolean;
  x: number;
  y: number;
  height: number;
}

export interface Ribbon {
  flow: Flow;
  path: string;
}

export interface Layout {
  height: number;
  bars: Bar[];
  ribbons: Ribbon[];
}

const sum = (flows: readonly Flow[]): number => flows.reduce((total, { kwh }) => total + kwh, 0);

const round = (value: number): number => Math.round(value * 10) / 10;

/** A band between two bars; its ends are vertical. */
const band = (x0: number, y0: number, x1: number, y1: number, height: number): string => {
  const middle = round((x0 + x1) / 2);
  const [a, b, c, d] = [y0, y1, y1 + height, y0 + height].map(round);
  return `M${x0} ${a}C${middle} ${a} ${middle} ${b} ${x1} ${b}V${c}C${middle} ${c} ${middle} ${d} ${x0} ${d}Z`;
};

/** The label of a bar is above it; a column with more labels than fit makes the whole taller. */
export const layout = (nodes: readonly FlowNode[], flows: readonly Flow[], width: number): Layout => {
  const of = (node: FlowNode): { out: Flow[]; in: Flow[] } => ({
    out: flows.filter(({ from }) => from === node.id),
    in: flows.filter(({ to }) => to === node.id),
  });
  const columns = [0, 1, 2].map((column) => nodes.filter((node) => node.column === column));
  const value = (node: FlowNode): number => Math.max(sum(of(node).out), sum(of(node).in));
  const most = Math.max(...columns.map((column) => column.reduce((total, node) => total + value(node), 0)));
  const scale = most > 0 ? TALLEST / most : 0;
  const tall = (kwh: number): number => Math.max(THINNEST, kwh * scale);
  const heights = columns.map((column) =>
    column.reduce((total, node) => total + LABEL + tall(value(node)), 0) + GAP * Math.max(0, column.length - 1),
  );
  const height = Math.ceil(Math.max(...heights));
  const bars: Bar[] = [];
  columns.forEach((column, index) => {
    let y = (height - (heights[index] ?? 0)) / 2;
    for (const node of column) {
      const kwh = value(node);
      const { out, in: into } = of(node);
      bars.push({
        node,
        kwh,
        estimated: [...out, ...into].some(({ estimated }) => estimated) && !isMeasured(out, into),
        x: [0, (width - BAR) / 2, width - BAR][index] ?? 0,
        y: y + LABEL,
        height: tall(kwh),
      });
      y += LABEL + tall(kwh) + GAP;
    }
  });
  return { height, bars, ribbons: ribbons(bars, flows, scale) };
};

/** Whether one side of a node is measured completely, so that its sum is not an estimate. */
const isMeasured = (out: readonly Flow[], into: readonly Flow[]): boolean => {
  const sides = [out, into].filter((side) => side.length > 0);
  const largest = Math.max(...sides.map(sum));
  return sides.some((side) => sum(side) >= largest - 0.01 && side.every(({ estimated }) => !estimated));
};

const ribbons = (bars: readonly Bar[], flows: readonly Flow[], scale: number): Ribbon[] => {
  const place = new Map(bars.map((bar, index) => [bar.node.id, { bar, index, out: bar.y, into: bar.y }]));
  const order = (id: string): number => place.get(id)?.index ?? 0;
  const thick = new Map(flows.map((flow) => [flow, Math.max(1, flow.kwh * scale)]));
  const ends = new Map<Flow, [number, number]>();
  for (const flow of [...flows].sort((a, b) => order(a.to) - order(b.to))) {
    const at = place.get(flow.from);
    if (!at) continue;
    ends.set(flow, [at.out, 0]);
    at.out += thick.get(flow) ?? 0;
  }
  for (const flow of [...flows].sort((a, b) => order(a.from) - order(b.from))) {
    const at = place.get(flow.to);
    const end = ends.get(flow);
    if (!at || !end) continue;
    end[1] = at.into;
    at.into += thick.get(flow) ?? 0;
  }
  return flows.flatMap((flow) => {
    const [from, to, end] = [place.get(flow.from), place.get(flow.to), ends.get(flow)];
    if (!from || !to || !end) return [];
    return [{ flow, path: band(from.bar.x + BAR, end[0], to.bar.x, end[1], thick.get(flow) ?? 1) }];
  });
};

/** A name shortened to what fits, by the mean width of a character. */
export const fitted = (name: string, width: number, perCharacter = 6.4): string => {
  const most = Math.max(3, Math.floor(width / perCharacter));
  return name.length <= most ? name : `${name.slice(0, most - 1).trimEnd()}…`;
};
