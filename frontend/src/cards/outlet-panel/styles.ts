import { css } from "lit";

export const styles = css`
  ha-card { container-type: inline-size; }
  h3 { margin: 0; font-size: 15px; font-weight: var(--ha-font-weight-medium, 500); }
  section + section { margin-top: 16px; }
  .head, .title, .breaker, .alerts li { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; min-height: 36px; }
  .head h3, .name { flex: 1; min-width: 0; }
  .bad, .over strong { color: var(--bad); border-color: var(--error-color); }
  .breaker { padding: 4px 0 8px; }
  .breaker > :nth-child(2) { flex: 1; }
  .meter { width: 100%; height: 10px; border-radius: 5px; overflow: hidden; background: var(--secondary-background-color); border: var(--rule); box-sizing: border-box; }
  .meter i { display: block; height: 100%; background: var(--primary-color); }
  .over .meter i { background: var(--error-color); }
  .limit { font-size: 12px; color: var(--muted); }
  button.limit { padding: 0 10px; }
  .result { margin-bottom: 6px; }
  .edit { display: flex; gap: 6px; align-items: center; }
  .edit input { width: 72px; }
  .outlets { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(280px, 100%), 1fr)); gap: 12px; }
  .title { margin-bottom: 6px; }
  .outlet { border: var(--rule); border-radius: 12px; padding: 6px 12px 12px; }
  .away .values { opacity: 0.6; }
  .sockets { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
  .socket { display: grid; grid-template-columns: auto 1fr auto; gap: 2px 8px; align-items: center; text-align: start; padding: 8px 12px; min-height: 72px; border-radius: 10px; }
  .socket:disabled { opacity: 1; }
  .socket.on { background: color-mix(in srgb, var(--state-switch-active-color, var(--state-active-color, var(--primary-color))) 28%, var(--card-background-color)); border-color: transparent; }
  .socket.pending { border-style: dashed; border-color: var(--primary-color); }
  .socket.bad { border: 2px solid var(--error-color); }
  .letter { font-weight: 600; }
  .state { font-size: 13px; overflow-wrap: anywhere; }
  .values { grid-column: 1 / -1; font-size: 12px; color: var(--muted); }
  .on .values { color: var(--primary-text-color); }
  ha-icon { --mdc-icon-size: 18px; }
  .alerts { display: grid; gap: 4px; margin: 0 0 8px; padding: 4px 12px; border-radius: 12px; border: 1px solid var(--warning-color); }
  .alerts span { flex: 1; font-size: 14px; }
  .alerts small { margin-inline-start: 8px; white-space: nowrap; }
  .alerts .all { justify-content: flex-end; }
  .all-off { display: grid; gap: 6px; margin-top: 16px; }
  .danger { position: relative; overflow: hidden; display: flex; gap: 8px; align-items: center; justify-content: center; min-height: 52px; font-size: 16px; font-weight: 600; color: var(--bad); border: 2px solid var(--error-color); touch-action: manipulation; user-select: none; -webkit-user-select: none; -webkit-touch-callout: none; }
  .danger::before { content: ""; position: absolute; inset: 0; background: var(--error-color); opacity: 0.35; transform: scaleX(0); transform-origin: left; }
  .danger.held::before { transform: scaleX(1); transition: transform 1s linear; }
  .include { display: flex; align-items: center; gap: 8px; font-size: 14px; }
  .include input { min-height: 20px; width: 20px; margin: 0; }
  .result { border-inline-start: 4px solid var(--warning-color); padding-inline-start: 12px; font-size: 14px; }
  .unreachable { color: var(--bad); }
  @media (prefers-reduced-motion: reduce) { .danger.held::before { transition: none; } }
`;
