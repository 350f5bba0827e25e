import { css } from "lit";

export const styles = css`
  ha-card.over { outline: 3px dashed var(--primary-color); outline-offset: -3px; }
  h2 { margin-bottom: 8px; min-height: 28px; }
  .rollout { border: var(--rule); border-radius: 12px; padding: 0 12px 12px; margin-bottom: 12px; }
  .rollout:not([open]) { padding-bottom: 0; }
  summary { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; min-height: 32px; padding: 6px 0; cursor: pointer; border-radius: 8px; }
  summary::before { content: "▸"; color: var(--muted); }
  [open] > summary::before { content: "▾"; }
  .name { flex: 1 1 120px; min-width: 0; overflow-wrap: anywhere; }
  .chip { border-color: currentColor; }
  .chip.running, .chip.succeeded { color: color-mix(in srgb, var(--success-color) 60%, var(--primary-text-color)); }
  .chip.paused, .chip.rolled_back { color: var(--bad); }
  .count { color: var(--muted); font-size: 13px; }
  small { display: block; }
  .waves { display: flex; gap: 6px; font-size: 12px; color: var(--muted); }
  .waves li { flex: 1 1 36px; min-width: 36px; }
  .waves .current { color: var(--primary-text-color); font-weight: 600; }
  .bar { display: flex; height: 14px; border-radius: 7px; overflow: hidden; background: var(--secondary-background-color); border: var(--rule); box-sizing: border-box; }
  .current .bar { border-color: var(--primary-color); }
  .bar i { flex-basis: 0; min-width: 3px; }
  .bar .done { background: var(--success-color); }
  .bar .failed { background: repeating-linear-gradient(45deg, var(--error-color) 0 4px, var(--card-background-color) 4px 6px); }
  .bar .busy { background: var(--primary-color); opacity: 0.55; }
  .gate { margin: 8px 0; font-size: 14px; }
  .reasons, .devices { font-size: 13px; }
  .reasons { border-inline-start: 4px solid var(--error-color); padding-inline-start: 12px; }
  .devices summary { min-height: 24px; color: var(--muted); }
  .devices li { display: flex; flex-wrap: wrap; gap: 8px; padding: 6px 0; border-top: var(--rule); }
  .devices .failed span:last-child, .devices .rolled_back span:last-child { color: var(--bad); }
  .actions { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-top: 8px; }
  .drop:focus-within { outline: 2px solid var(--primary-color); outline-offset: 1px; }
  .release { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; padding: 8px 12px; border-radius: 12px; margin-bottom: 8px; background: var(--secondary-background-color); }
  .release.new { outline: 2px solid var(--primary-color); }
  .drop { position: relative; display: grid; place-items: center; min-height: 52px; padding: 0 12px; text-align: center; font-size: 13px; border: 1px dashed var(--divider-color); border-radius: 12px; color: var(--muted); cursor: pointer; }
  .drop input { position: absolute; inset: 0; opacity: 0; cursor: pointer; }
`;
