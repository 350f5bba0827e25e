/** Styles of the energy flow card. */

import { css } from "lit";
import { cardStyles } from "../../lib/styles.js";

export const styles = [
  cardStyles,
  css`
    .head {
      display: flex;
      flex-wrap: wrap;
      gap: 8px 16px;
      align-items: center;
      justify-content: space-between;
    }
    .periods {
      display: flex;
      border: 1px solid var(--line);
      border-radius: 12px;
      overflow: hidden;
    }
    .periods button {
      border: 0;
      background: none;
      padding: 0 14px;
      min-height: 40px;
      cursor: pointer;
    }
    .periods button[aria-pressed="true"] {
      background: color-mix(in srgb, var(--primary-color) 20%, transparent);
      font-weight: 500;
    }
    .pager {
      display: flex;
      align-items: center;
      justify-content: space-between;
    }
    .pager strong {
      font-weight: 500;
    }
    .step {
      width: 44px;
      height: 44px;
      border: 0;
      border-radius: 50%;
      background: none;
      cursor: pointer;
      display: grid;
      place-items: center;
    }
    svg text {
      paint-order: stroke;
      stroke: var(--card-background-color);
      stroke-width: 3px;
      stroke-linejoin: round;
    }
    svg text.name {
      fill: var(--primary-text-color);
      font-size: 12px;
      font-weight: 500;
    }
    .ribbon {
      opacity: 0.42;
    }
    .ribbon:hover {
      opacity: 0.7;
    }
    .notes {
      display: flex;
      flex-wrap: wrap;
      gap: 6px 20px;
      align-items: center;
    }
    .notes li {
      display: flex;
      gap: 8px;
      align-items: center;
    }
    .notes span {
      color: var(--muted);
      font-size: 12px;
    }
    .notes ha-icon {
      --mdc-icon-size: 18px;
      color: var(--muted);
    }
    .hatch {
      width: 16px;
      height: 12px;
      border-radius: 3px;
      background: repeating-linear-gradient(45deg, var(--muted) 0 2px, transparent 2px 5px);
    }
    summary {
      cursor: pointer;
      color: var(--muted);
      font-size: 12px;
      min-height: 32px;
      line-height: 32px;
    }
    .numbers li {
      padding: 3px 0;
      font-variant-numeric: tabular-nums;
      overflow-wrap: anywhere;
    }
  `,
];
