/** Styles that all cards share. Only variables of the theme: no fixed colors, no fonts. */

import { css } from "lit";

export const cardStyles = css`
  :host {
    display: block;
    height: 100%;
    --heat: var(--state-climate-heat-color, var(--deep-orange-color));
    --muted: var(--secondary-text-color);
    --line: var(--divider-color);
    --soft: color-mix(in srgb, var(--primary-text-color) 6%, transparent);
  }
  ha-card {
    height: 100%;
    box-sizing: border-box;
    overflow: hidden;
    padding: 16px;
    display: flex;
    flex-direction: column;
    gap: 16px;
    color: var(--primary-text-color);
  }
  h2 {
    margin: 0 0 8px;
    font-size: 14px;
    font-weight: 500;
    color: var(--muted);
  }
  h2.title {
    font-size: 18px;
    color: var(--primary-text-color);
    margin: 0;
  }
  .tiles {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(132px, 1fr));
    gap: 8px;
  }
  .tile {
    padding: 10px 14px;
    border-radius: 12px;
    background: var(--soft);
    min-width: 0;
  }
  .tile span {
    display: block;
    font-size: 12px;
    color: var(--muted);
  }
  .tile strong {
    font-size: 18px;
    font-weight: 500;
    white-space: nowrap;
  }
  p {
    margin: 0;
  }
  ul {
    list-style: none;
    margin: 0;
    padding: 0;
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 16px;
    font-size: 12px;
    color: var(--muted);
  }
  .legend span {
    display: flex;
    align-items: center;
    gap: 6px;
  }
  .legend i {
    width: 16px;
    border-top: 3px solid var(--heat);
  }
  .legend .dots {
    width: 8px;
    height: 8px;
    border: 0;
    border-radius: 50%;
    background: var(--muted);
  }
  svg {
    display: block;
    overflow: visible;
  }
  svg text {
    fill: var(--muted);
    font-size: 11px;
  }
  button,
  select,
  input {
    font: inherit;
    color: inherit;
  }
  button.action,
  select,
  input[type="number"] {
    min-height: 40px;
    border-radius: 10px;
    border: 1px solid var(--line);
    background: transparent;
    padding: 0 14px;
    box-sizing: border-box;
  }
  select option {
    background: var(--card-background-color);
    color: var(--primary-text-color);
  }
  button.action {
    cursor: pointer;
    font-weight: 500;
    color: color-mix(in srgb, var(--primary-color) 60%, var(--primary-text-color));
  }
  button.action.main {
    background: color-mix(in srgb, var(--primary-color) 72%, black);
    border-color: transparent;
    color: var(--text-primary-color);
  }
  button.action:hover:not(:disabled) {
    background: color-mix(in srgb, var(--primary-color) 12%, transparent);
  }
  button.action.main:hover:not(:disabled) {
    background: color-mix(in srgb, var(--primary-color) 60%, black);
  }
  :disabled {
    cursor: default;
    opacity: 0.5;
  }
  :focus-visible {
    outline: 2px solid var(--primary-color);
    outline-offset: 2px;
    border-radius: 8px;
  }
  .message {
    display: flex;
    gap: 12px;
    align-items: center;
    min-height: 56px;
  }
  .message ha-icon {
    color: var(--muted);
    flex: none;
  }
  .muted {
    color: var(--muted);
  }
  .sr {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: no-preference) {
    .animated {
      transition: all 0.3s ease;
    }
  }
`;

/** Styles of the panels, whose controls stand close together. */
export const panelStyles = css`
  :host { --muted: var(--secondary-text-color); --rule: 1px solid var(--divider-color); --bad: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color)); }
  ha-card { height: 100%; padding: 12px 16px 16px; box-sizing: border-box; color: var(--primary-text-color); }
  h2 { margin: 0; font-size: var(--ha-font-size-l, 16px); font-weight: var(--ha-font-weight-medium, 500); }
  ul, ol { margin: 4px 0; padding: 0; list-style: none; }
  .chip { font-size: 12px; padding: 2px 10px; border-radius: 12px; border: var(--rule); color: var(--muted); }
  button, select, input { font: inherit; font-size: 14px; min-height: 36px; box-sizing: border-box; border-radius: 8px; border: var(--rule); background: var(--card-background-color); color: var(--primary-text-color); padding: 0 12px; }
  button { cursor: pointer; }
  button:disabled { opacity: 0.55; cursor: default; }
  :is(button, select, input, summary):focus-visible { outline: 2px solid var(--primary-color); outline-offset: 1px; }
  .primary { background: color-mix(in srgb, var(--primary-color) 72%, black); color: var(--text-primary-color); }
  small, .note, .live { color: var(--muted); font-size: 13px; }
  .danger, .note.error, .live.error { color: var(--bad); }
  .live:not(:empty) { margin-top: 8px; }
`;
