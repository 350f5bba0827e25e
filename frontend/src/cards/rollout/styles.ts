import { css } from "lit";

export const styles = css`
  ha-card { height: 100%; padding: 12px 16px 16px; box-sizing: border-box; color: var(--primary-text-color); }
  ha-card.over { outline: 3px dashed var(--primary-color); outline-offset: -3px; }
  h2 { margin: 0 0 8px; min-height: 28px; font-size: var(--ha-font-size-l, 16px); font-weight: var(--ha-font-weight-medium, 500); }
  .rollout { border: 1px solid var(--divider-color); border-radius: 12px; padding: 0 12px 12px; margin-bottom: 12px; }
  .rollout:not([open]) { padding-bottom: 0; }
  summary { display: flex; flex-wrap: wrap; gap: 4px 10px; align-items: center; min-height: 44px; cursor: pointer; border-radius: 8px; }
  .name { flex: 1 1 120px; min-width: 0; overflow-wrap: anywhere; }
  .chip { font-size: 12px; padding: 2px 10px; border-radius: 12px; border: 1px solid currentColor; color: var(--secondary-text-color); }
  .chip.running, .chip.succeeded { color: color-mix(in srgb, var(--success-color) 60%, var(--primary-text-color)); }
  .chip.paused, .chip.rolled_back { color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color)); }
  .count, small, .note, .live { color: var(--secondary-text-color); font-size: 13px; }
  small { display: block; font-size: 12px; }
  .waves { display: flex; gap: 6px; margin: 4px 0; padding: 0; list-style: none; font-size: 12px; color: var(--secondary-text-color); }
  .waves li { flex: 1 1 36px; min-width: 36px; }
  .waves .current { color: var(--primary-text-color); font-weight: 600; }
  .bar { display: flex; height: 14px; border-radius: 7px; overflow: hidden; background: var(--secondary-background-color); border: 1px solid var(--divider-color); box-sizing: border-box; }
  .current .bar { border-color: var(--primary-color); }
  .bar i { flex-basis: 0; min-width: 3px; }
  .bar .done { background: var(--success-color); }
  .bar .failed { background: repeating-linear-gradient(45deg, var(--error-color) 0 4px, var(--card-background-color) 4px 6px); }
  .bar .busy { background: var(--primary-color); opacity: 0.55; }
  .gate { margin: 8px 0; font-size: 14px; }
  .reasons, .devices ul { margin: 4px 0; padding: 0; list-style: none; font-size: 13px; }
  .reasons { border-inline-start: 4px solid var(--error-color); padding-inline-start: 12px; }
  .devices { font-size: 13px; }
  .devices summary { min-height: 36px; color: var(--secondary-text-color); }
  .devices li { display: flex; flex-wrap: wrap; gap: 8px; padding: 6px 0; border-top: 1px solid var(--divider-color); }
  .devices .failed span:last-child, .devices .rolled_back span:last-child { color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color)); }
  .actions { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin-top: 8px; }
  button { font: inherit; font-size: 14px; min-height: 36px; border-radius: 8px; border: 1px solid var(--divider-color); background: var(--card-background-color); color: var(--primary-text-color); padding: 0 14px; cursor: pointer; }
  button:disabled { opacity: 0.55; cursor: default; }
  :is(button, summary):focus-visible, .drop:focus-within { outline: 2px solid var(--primary-color); outline-offset: 1px; }
  .primary { background: color-mix(in srgb, var(--primary-color) 72%, black); color: var(--text-primary-color); border-color: transparent; }
  .danger { color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color)); }
  .release { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; padding: 8px 12px; border-radius: 12px; margin-bottom: 8px; background: var(--secondary-background-color); }
  .release.new { outline: 2px solid var(--primary-color); }
  .drop { position: relative; display: grid; place-items: center; min-height: 52px; padding: 0 12px; text-align: center; font-size: 13px; border: 1px dashed var(--divider-color); border-radius: 12px; color: var(--secondary-text-color); cursor: pointer; }
  .drop input { position: absolute; inset: 0; opacity: 0; cursor: pointer; }
  .live:not(:empty) { margin-top: 8px; }
  .error { color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color)); }
`;
