/** Styles of the overview. */

import { css } from "lit";
import { cardStyles } from "../../lib/styles.js";

export const styles = [
  cardStyles,
  css`
    .header {
      display: flex;
      gap: 12px;
      align-items: center;
    }
    .badge {
      flex: none;
      width: 44px;
      height: 44px;
      border-radius: 50%;
      display: grid;
      place-items: center;
      color: var(--state-color);
      background: color-mix(in srgb, var(--state-color) 18%, transparent);
    }
    .who {
      flex: 1;
      min-width: 0;
    }
    .who strong {
      display: block;
      font-size: 18px;
      line-height: 24px;
      font-weight: 500;
      overflow-wrap: anywhere;
    }
    .why {
      color: var(--muted);
      font-size: 14px;
      line-height: 20px;
    }
    .room {
      text-align: right;
      flex: none;
    }
    .room strong {
      font-size: 24px;
      line-height: 28px;
      font-weight: 400;
      white-space: nowrap;
    }
    .room span {
      display: block;
      font-size: 12px;
      color: var(--muted);
      white-space: nowrap;
    }
    .banner {
      display: flex;
      gap: 12px;
      align-items: center;
      padding: 10px 14px;
      border-radius: 12px;
      border: 1px dashed var(--state-color);
    }
    .banner.error {
      border-style: solid;
      --state-color: var(--error-color);
    }
    .banner ha-icon {
      flex: none;
      color: var(--state-color);
    }
    ha-card.shadow {
      border-style: dashed;
      border-color: var(--primary-color);
    }
    progress {
      appearance: none;
      width: 100%;
      height: 6px;
      border: 0;
      margin: 8px 0 6px;
      border-radius: 3px;
      overflow: hidden;
      background: none;
    }
    progress::-webkit-progress-bar {
      background: var(--line);
    }
    progress::-webkit-progress-value {
      background: var(--primary-color);
      border-radius: 3px;
    }
    progress::-moz-progress-bar {
      background: var(--primary-color);
    }
    .rungs li {
      display: grid;
      grid-template-columns: 24px minmax(0, 1fr) auto;
      gap: 2px 10px;
      align-items: center;
      padding: 7px 0;
    }
    .rungs li + li {
      border-top: 1px solid var(--line);
    }
    .rungs ha-icon {
      color: var(--muted);
      grid-row: span 3;
      align-self: start;
    }
    .rungs .heating ha-icon,
    .rungs .own ha-icon {
      color: var(--source-color);
    }
    .rungs .name {
      overflow-wrap: anywhere;
    }
    .rungs .heating .name {
      font-weight: 500;
    }
    .rungs .price {
      font-variant-numeric: tabular-nums;
      white-space: nowrap;
    }
    .track {
      grid-column: 2 / 4;
      height: 6px;
      border-radius: 3px;
      background: var(--soft);
      position: relative;
    }
    .track i {
      position: absolute;
      inset-block: 0;
      border-radius: 3px;
      background: var(--source-color);
      opacity: 0.35;
    }
    .heating .track i,
    .own .track i {
      opacity: 1;
    }
    .rungs .state {
      grid-column: 2 / 4;
      font-size: 12px;
      line-height: 16px;
      color: var(--muted);
    }
    .rungs .failing .state {
      color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color));
    }
    .limits li {
      display: flex;
      gap: 10px;
      padding: 3px 0;
      align-items: flex-start;
    }
    .limits ha-icon {
      --mdc-icon-size: 18px;
      color: color-mix(in srgb, var(--warning-color) 55%, var(--primary-text-color));
      flex: none;
    }
    .limits .note ha-icon {
      color: var(--muted);
    }
    :host {
      container-type: inline-size;
    }
    @container (max-width: 460px) {
      ha-card {
        padding: 14px;
      }
      .header {
        flex-wrap: wrap;
      }
      .room {
        display: flex;
        flex: 1 0 100%;
        flex-wrap: wrap;
        gap: 0 12px;
        align-items: baseline;
      }
      .tiles {
        grid-template-columns: 1fr 1fr;
      }
      .tile:last-child:nth-child(odd) {
        grid-column: 1 / -1;
      }
    }
    @container (min-width: 760px) {
      ha-card {
        display: grid;
        grid-template-columns: minmax(0, 1fr) minmax(0, 1.4fr);
        grid-auto-rows: min-content;
        align-items: start;
        gap: 16px 32px;
      }
      .header,
      .banner,
      .tiles {
        grid-column: 1 / -1;
      }
      .next {
        grid-column: 2;
        grid-row: auto / span var(--beside);
      }
    }
  `,
];
