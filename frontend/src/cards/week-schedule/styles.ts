import { css } from "lit";

export const styles = css`
  ha-card { container-type: inline-size; }
  .head { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; min-height: 36px; }
  h2 { flex: 1; }
  .axis { position: relative; height: 18px; margin-inline: 44px 40px; font-size: 11px; color: var(--muted); }
  .axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
  .row { display: flex; align-items: center; gap: 8px; height: 44px; }
  .day { width: 36px; font-size: 13px; color: var(--muted); }
  .day.today { color: var(--primary-text-color); font-weight: 600; }
  .bar { position: relative; flex: 1; height: 32px; border-radius: 8px; background: linear-gradient(90deg, var(--divider-color) 1px, transparent 1px) 0 0 / 12.5% 100% var(--secondary-background-color); }
  .bar.editable { cursor: copy; }
  .block { container-type: inline-size; position: absolute; inset-block: 0; border-radius: 6px; box-sizing: border-box; border: 1px solid var(--card-background-color); --tone: var(--state-climate-heat-color, var(--accent-color)); background: color-mix(in srgb, var(--tone) var(--share, 34%), var(--card-background-color)); }
  @container (max-width: 33px) { .block .target, .block .mode { display: none; } }
  .block.eco { --tone: var(--state-climate-auto-color, var(--success-color)); }
  .block.manual { --tone: var(--muted); }
  .block.selected { outline: 2px solid var(--primary-color); z-index: 2; }
  div.block:not(:has(button)), .face { display: flex; align-items: center; justify-content: center; gap: 4px; font-size: 12px; color: var(--primary-text-color); overflow: hidden; white-space: nowrap; }
  .face { width: 100%; height: 100%; padding: 0; border: 0; border-radius: inherit; background: none; font: inherit; font-size: 12px; cursor: pointer; min-height: 0; }
  .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .handle { position: absolute; inset-block: -6px; width: 44px; touch-action: none; cursor: ew-resize; }
  .handle.start { inset-inline-start: -30px; }
  .handle.end { inset-inline-end: -30px; }
  .handle::after { content: ""; position: absolute; inset-block: 8px; width: 6px; border-radius: 3px; background: var(--primary-color); }
  .handle.start::after { inset-inline-start: 27px; }
  .handle.end::after { inset-inline-end: 27px; }
  .handle:focus-visible { outline: none; }
  .handle:focus-visible::after { outline: 3px solid var(--primary-text-color); }
  .now { position: absolute; inset-block: -4px; width: 2px; margin-inline-start: -1px; background: var(--error-color); pointer-events: none; z-index: 3; }
  .add { width: 36px; padding: 0; font-size: 20px; border: 0; color: var(--muted); background: none; }
  .form { display: flex; flex-wrap: wrap; gap: 8px 12px; margin: 8px 0 0; padding: 8px 12px 12px; border: var(--rule); border-radius: 12px; min-width: 0; }
  legend { font-size: 13px; color: var(--muted); padding: 0 4px; }
  label { display: grid; gap: 2px; font-size: 12px; color: var(--muted); flex: 1 1 124px; align-content: end; }
  label > * { width: 100%; min-width: 0; }
  .actions, .footer { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; width: 100%; }
  .actions .danger { margin-inline-start: auto; }
  .footer { justify-content: flex-end; margin-top: 12px; }
  .conflict { border-inline-start: 4px solid var(--warning-color); padding-inline-start: 12px; box-sizing: border-box; }
  .conflict p { flex: 1 1 200px; margin: 0; font-size: 14px; }
  .note { margin: 8px 0; }
  @container (max-width: 460px) {
    .minor, .mode { display: none; }
    .axis { margin-inline: 36px 36px; }
    .row { gap: 4px; }
    .day { width: 32px; }
    .add { width: 32px; }
  }
`;
