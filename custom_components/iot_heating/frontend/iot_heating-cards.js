import{COMMON as e,LitElement as t,Subscription as n,SuiteCard as r,css as i,formatNumber as a,fromUserTemperature as o,html as s,is12Hour as c,isFahrenheit as l,isWebSocketError as u,localizer as d,nothing as f,pageLanguage as p,registerCard as m,toUserTemperature as h,withCommon as g}from"/heat_suite_static/runtime-a9b0d399988e.js";var _={card:{name:`Wochenplan`,description:`Heizplan eines Gebäudes anzeigen und bearbeiten.`},form:{entity:`Heizplan`,title:`Titel`,read_only:`Schreibgeschützt`,start:`Beginn`,end:`Ende`,target:`Zieltemperatur ({unit})`,mode:`Modus`},mode:{auto:`Automatik`,eco:`Eco`,manual:`Manuell`},invalid_entity:`Wähle den Heizplan eines Gebäudes.`,not_found:`Diesen Heizplan gibt es nicht, oder du darfst ihn nicht sehen.`,heating_off:`Heizung ist aus`,overridden:`Betriebsart: {mode}`,empty:`Noch keine Heizzeiten. Tippe auf einen Tag, um eine hinzuzufügen.`,empty_read_only:`Keine Heizzeiten.`,add:`Heizzeit am {day} hinzufügen`,delete:`Löschen`,copy_to:`Tag kopieren nach …`,copy_weekdays:`Auf Mo–Fr kopieren`,copy_weekend:`Aufs Wochenende kopieren`,copy_all:`Auf alle Tage kopieren`,overwrite:`Trotzdem speichern`,failed:`Nicht gespeichert: {error}`},v={card:{name:`Week schedule`,description:`Show and edit the heating schedule of a building.`},form:{entity:`Schedule`,title:`Title`,read_only:`Read-only`,start:`Start`,end:`End`,target:`Target temperature ({unit})`,mode:`Mode`},mode:{auto:`Auto`,eco:`Eco`,manual:`Manual`},invalid_entity:`Select the heating schedule of a building.`,not_found:`This schedule does not exist, or you do not have permission to see it.`,heating_off:`Heating is off`,overridden:`Operating mode: {mode}`,empty:`No heating times yet. Tap a day to add one.`,empty_read_only:`No heating times.`,add:`Add a heating time on {day}`,delete:`Delete`,copy_to:`Copy day to …`,copy_weekdays:`Copy to Mon–Fri`,copy_weekend:`Copy to weekend`,copy_all:`Copy to all days`,overwrite:`Save mine anyway`,failed:`Not saved: {error}`},y={card:{name:`Viikko-ohjelma`,description:`Näytä rakennuksen lämmitysaikataulu ja muokkaa sitä.`},form:{entity:`Lämmitysaikataulu`,title:`Otsikko`,read_only:`Vain luku`,start:`Alku`,end:`Loppu`,target:`Tavoitelämpötila ({unit})`,mode:`Tila`},mode:{auto:`Automaattinen`,eco:`Eco`,manual:`Manuaalinen`},invalid_entity:`Valitse rakennuksen lämmitysaikataulu.`,not_found:`Tätä aikataulua ei ole, tai sinulla ei ole oikeutta nähdä sitä.`,heating_off:`Lämmitys on pois päältä`,overridden:`Toimintatila: {mode}`,empty:`Lämmitysaikoja ei ole vielä. Lisää aika napauttamalla päivää.`,empty_read_only:`Ei lämmitysaikoja.`,add:`Lisää lämmitysaika: {day}`,delete:`Poista`,copy_to:`Kopioi päivä …`,copy_weekdays:`Kopioi ma–pe`,copy_weekend:`Kopioi viikonloppuun`,copy_all:`Kopioi kaikkiin päiviin`,overwrite:`Tallenna silti`,failed:`Ei tallennettu: {error}`},b={card:{name:`Расписание на неделю`,description:`Просмотр и изменение расписания отопления здания.`},form:{entity:`Расписание`,title:`Заголовок`,read_only:`Только чтение`,start:`Начало`,end:`Конец`,target:`Целевая температура ({unit})`,mode:`Режим`},mode:{auto:`Авто`,eco:`Эко`,manual:`Вручную`},invalid_entity:`Выберите расписание отопления здания.`,not_found:`Такого расписания нет, или у вас нет прав на его просмотр.`,heating_off:`Отопление выключено`,overridden:`Режим работы: {mode}`,empty:`Интервалов отопления пока нет. Нажмите на день, чтобы добавить интервал.`,empty_read_only:`Интервалов отопления нет.`,add:`Добавить интервал отопления: {day}`,delete:`Удалить`,copy_to:`Скопировать день на …`,copy_weekdays:`Скопировать на пн–пт`,copy_weekend:`Скопировать на выходные`,copy_all:`Скопировать на все дни`,overwrite:`Всё равно сохранить`,failed:`Не сохранено: {error}`},x=i`
ha-card { height: 100%; padding: 12px 16px 16px; box-sizing: border-box; container-type: inline-size; color: var(--primary-text-color); }
.head { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; min-height: 36px; }
h2 { margin: 0; flex: 1; font-size: var(--ha-font-size-l, 16px); font-weight: var(--ha-font-weight-medium, 500); }
.chip { font-size: 12px; padding: 2px 10px; border-radius: 12px; border: 1px solid var(--divider-color); color: var(--secondary-text-color); }
.axis { position: relative; height: 18px; margin-inline: 44px 40px; font-size: 11px; color: var(--secondary-text-color); }
.axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.row { display: flex; align-items: center; gap: 8px; height: 44px; }
.day { width: 36px; font-size: 13px; color: var(--secondary-text-color); }
.day.today { color: var(--primary-text-color); font-weight: 600; }
.bar { position: relative; flex: 1; height: 32px; border-radius: 8px; background: linear-gradient(90deg, var(--divider-color) 1px, transparent 1px) 0 0 / 12.5% 100% var(--secondary-background-color); }
.bar.editable { cursor: copy; }
.block { position: absolute; inset-block: 0; border-radius: 6px; box-sizing: border-box; border: 1px solid var(--card-background-color); --tone: var(--state-climate-heat-color, var(--accent-color)); background: color-mix(in srgb, var(--tone) var(--share, 34%), var(--card-background-color)); }
.block.eco { --tone: var(--state-climate-auto-color, var(--success-color)); }
.block.manual { --tone: var(--secondary-text-color); }
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
button, select, input { font: inherit; font-size: 14px; min-height: 36px; box-sizing: border-box; border-radius: 8px; border: 1px solid var(--divider-color); background: var(--card-background-color); color: var(--primary-text-color); padding: 0 12px; }
button { cursor: pointer; }
button:disabled { opacity: 0.5; cursor: default; }
:is(button, select, input):focus-visible { outline: 2px solid var(--primary-color); outline-offset: 1px; }
.primary { background: var(--primary-color); color: var(--text-primary-color); border-color: var(--primary-color); }
.danger { color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color)); }
.add { width: 36px; padding: 0; font-size: 20px; border: 0; color: var(--secondary-text-color); background: none; }
.form { display: flex; flex-wrap: wrap; gap: 8px 12px; margin: 8px 0 0; padding: 8px 12px 12px; border: 1px solid var(--divider-color); border-radius: 12px; min-width: 0; }
legend { font-size: 13px; color: var(--secondary-text-color); padding: 0 4px; }
label { display: grid; gap: 2px; font-size: 12px; color: var(--secondary-text-color); flex: 1 1 100px; }
label > * { width: 100%; min-width: 0; }
.actions, .footer { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; width: 100%; }
.actions .danger { margin-inline-start: auto; }
.footer { justify-content: flex-end; margin-top: 12px; }
.conflict { border-inline-start: 4px solid var(--warning-color); padding-inline-start: 12px; }
.conflict p { flex: 1 1 200px; margin: 0; font-size: 14px; }
.note { margin: 8px 0; color: var(--secondary-text-color); font-size: 14px; }
.error { color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color)); }
.live { font-size: 13px; color: var(--secondary-text-color); }
.live:not(:empty) { margin-top: 8px; }
@container (max-width: 460px) {
.minor, .mode { display: none; }
.axis { margin-inline: 36px 36px; }
.row { gap: 4px; }
.day { width: 32px; }
.add { width: 32px; }
}
`,S=1440,C=120,w=e=>Math.round(e/15)*15,T=(e,t,n)=>e.map((e,r)=>r===t?[...n].sort((e,t)=>e.start-t.start):e),E=(e,t)=>{if(e.some(e=>e.start<=t&&t<e.end))return;let n=e.filter(e=>e.end<=t).map(e=>e.end),r=e.filter(e=>e.start>t).map(e=>e.start);return{start:Math.max(0,...n),end:Math.min(S,...r)}},D=e=>[0,...e.map(e=>e.end)].map(t=>t<1440?E(e,t):void 0).filter(e=>e!==void 0).sort((e,t)=>t.end-t.start-(e.end-e.start))[0],O=(e,t,n,r)=>{let i=e[t]??[],a=E(i,Math.min(Math.max(n,0),1439));if(!a||i.length>=24)return;let o=Math.min(C,a.end-a.start),s=Math.min(Math.max(w(n-o/2),a.start),a.end-o),c={start:s,end:s+o,target_c:r.target_c,mode:r.mode},l=T(e,t,[...i,c]);return{week:l,index:l[t]?.indexOf(c)??0}},k=(e,t,n)=>{let r=e[t];return r?n===`start`?{min:e[t-1]?.end??0,max:Math.max(r.end-15,e[t-1]?.end??0)}:{min:Math.min(r.start+15,e[t+1]?.start??1440),max:e[t+1]?.start??1440}:{min:0,max:0}},A=(e,t,n,r,i)=>{let a=e[t]??[],o=a[n];if(!o)return e;let{min:s,max:c}=k(a,n,r),l=Math.min(Math.max(w(i),s),c);return l===o[r]?e:j(e,t,n,{[r]:l})},j=(e,t,n,r)=>T(e,t,(e[t]??[]).map((e,t)=>t===n?{...e,...r}:e)),M=(e,t,n)=>T(e,t,(e[t]??[]).filter((e,t)=>t!==n)),N=(e,t,n)=>e.map((r,i)=>n.includes(i)?(e[t]??[]).map(e=>({...e})):r),P=(e,t)=>JSON.stringify(e.map(F))===JSON.stringify(t.map(F)),F=e=>e.map(({start:e,end:t,target_c:n,mode:r})=>[e,t,n,r]),I=(e,t)=>{let n=e.flat().flatMap(e=>e.target_c??[]),[r,i]=[Math.min(...n),Math.max(...n)];return t===null||i<=r?34:Math.round(16+28*(t-r)/(i-r))},L=(e,t)=>{let n=new Intl.DateTimeFormat(`en-GB`,{weekday:`short`,hour:`2-digit`,minute:`2-digit`,hourCycle:`h23`,timeZone:t}).formatToParts(e),r=e=>n.find(t=>t.type===e)?.value??``;return{day:Math.max(0,[`Mon`,`Tue`,`Wed`,`Thu`,`Fri`,`Sat`,`Sun`].indexOf(r(`weekday`))),minute:Number(r(`hour`))*60+Number(r(`minute`))}},R=(e,t)=>{let n=/^(\d{1,2}):(\d{2})/.exec(e);if(!n)return;let r=Number(n[1])*60+Number(n[2]);return t===`end`&&r===0?S:r},z=e=>`${String(Math.floor(e%S/60)).padStart(2,`0`)}:${String(e%60).padStart(2,`0`)}`,B=[`monday`,`tuesday`,`wednesday`,`thursday`,`friday`,`saturday`,`sunday`],V=(e,t)=>{let n=B.indexOf(e??`language`);if(n<0){let e=new Intl.Locale(t);n=((e.getWeekInfo?.()??e.weekInfo)?.firstDay??1)-1}return B.map((e,t)=>(t+n)%7)},H=g({en:v,de:_,fi:y,ru:b},e),U=[`auto`,`eco`,`manual`],W=class extends r{static{this.styles=x}static{this.properties={...t.properties,...r.properties,draft:{state:!0},selected:{state:!0},status:{state:!0},saving:{state:!0},now:{state:!0}}}constructor(){super(),this.texts=H,this.base=0,this.source=new n(this,()=>this.config?{type:`iot_heating/schedule/subscribe`,entity_id:this.config.entity}:void 0,e=>this.received(e)),this.status=``,this.saving=!1,this.now=new Date}static getConfigForm(){let e=d(H,p());return{schema:[{name:`entity`,required:!0,selector:{entity:{filter:[{integration:`iot_heating`,domain:`calendar`}]}}},{name:`title`,selector:{text:{}}},{name:`read_only`,selector:{boolean:{}}}],computeLabel:t=>e(`form.${t.name}`)}}static getStubConfig(e){return{entity:Object.keys(e.entities).find(t=>G(e,t))??``}}readConfig(e){if(typeof e.entity!=`string`||!e.entity.startsWith(`calendar.`))throw Error(this.localize(`invalid_entity`));return e}getCardSize(){return 7}getGridOptions(){return{columns:12,min_columns:6,rows:`auto`}}connectedCallback(){super.connectedCallback(),this.now=new Date,this.clock=setInterval(()=>{this.now=new Date},3e4)}disconnectedCallback(){clearInterval(this.clock),super.disconnectedCallback()}received(e){this.draft&&e.week&&P(this.draft,e.week)&&this.discard()}get state(){return this.source.data}get week(){return this.draft??this.state?.week??[]}get editable(){return!this.config?.read_only&&this.state?.available===!0&&this.state.can_control===!0}get isConflict(){return this.draft!==void 0&&this.state?.revision!==void 0&&this.state.revision!==this.base}edit(e){this.editable&&this.state&&(this.draft||(this.base=this.state.revision??0),this.draft=P(e,this.state.week??[])&&!this.isConflict?void 0:e,this.status=``)}discard(){this.draft=void 0,this.selected=void 0}async save(e){let{hass:t,state:n,draft:r}=this;if(t&&n&&r&&!this.saving){this.saving=!0;try{await t.callWS({type:`iot_heating/schedule/set`,entry_id:n.entry_id,revision:e,week:r}),this.base=e+1,this.draft=void 0,this.status=this.localize(`common.saved`)}catch(e){u(e)&&e.code===`conflict`?this.base=-1:this.status=this.localize(`failed`,{error:u(e)?e.message:String(e)})}finally{this.saving=!1}}}time(e){let t=this.hass;return!t||!c(t.locale)?e===1440?`24:00`:z(e):new Intl.DateTimeFormat(t.locale.language,{hour:`numeric`,minute:`2-digit`,hour12:!0,timeZone:`UTC`}).format(new Date(e%S*6e4))}dayName(e,t){return new Intl.DateTimeFormat(this.hass?.locale.language,{weekday:t,timeZone:`UTC`}).format(Date.UTC(2024,0,1+e))}target(e,t=!0){if(e.target_c===null||!this.hass)return``;let n=a(h(this.hass,e.target_c),this.hass.locale,1,0);return t?`${n} ${l(this.hass)?`°F`:`°C`}`:`${n}°`}describe(e,t){let n=[`${this.dayName(e,`long`)} ${this.time(t.start)}–${this.time(t.end)}`];return t.target_c!==null&&n.push(this.target(t)),[...n,this.localize(`mode.${t.mode}`)].join(`, `)}minuteAt(e,t){let n=t.getBoundingClientRect(),r=(e.clientX-n.left)/n.width;return(getComputedStyle(t).direction===`rtl`?1-r:r)*S}add(e,t){let n=this.week[e]?.[0]??this.week.flat()[0]??{target_c:21,mode:`auto`},r=O(this.week,e,t,n);r&&(this.edit(r.week),this.selected={day:e,index:r.index})}tapBar(e,t){this.editable&&e.target===e.currentTarget&&this.add(t,this.minuteAt(e,e.currentTarget))}addToDay(e){let t=D(this.week[e]??[]);t&&this.add(e,(t.start+t.end)/2)}dragEdge(e,t){let n=e.currentTarget,r=n.closest(`.bar`);if(!r||!this.selected)return;e.preventDefault(),n.setPointerCapture(e.pointerId);let{day:i,index:a}=this.selected,o=e=>this.edit(A(this.week,i,a,t,this.minuteAt(e,r))),s=()=>{n.removeEventListener(`pointermove`,o),n.removeEventListener(`pointerup`,s),n.removeEventListener(`pointercancel`,s)};n.addEventListener(`pointermove`,o),n.addEventListener(`pointerup`,s),n.addEventListener(`pointercancel`,s),n.focus()}keyEdge(e,t){if(!this.selected)return;let{day:n,index:r}=this.selected,i=this.week[n]?.[r];if(!i)return;let a=k(this.week[n]??[],r,t),o={ArrowLeft:i[t]-15,ArrowDown:i[t]-15,ArrowRight:i[t]+15,ArrowUp:i[t]+15,PageDown:i[t]-60,PageUp:i[t]+60,Home:a.min,End:a.max}[e.key];if(o===void 0)return this.keyBlock(e,n,r);e.preventDefault(),this.edit(A(this.week,n,r,t,o))}keyBlock(e,t,n){this.editable&&(e.key===`Delete`||e.key===`Backspace`?(e.preventDefault(),this.removeAt(t,n)):e.key===`Escape`&&(this.selected=void 0))}removeAt(e,t){this.edit(M(this.week,e,t)),this.selected=void 0,this.updateComplete.then(()=>this.renderRoot.querySelector(`[data-add="${e}"]`)?.focus())}select(e,t){let n=this.selected?.day===e&&this.selected.index===t;this.selected=this.editable&&!n?{day:e,index:t}:void 0}willUpdate(e){this.selected&&!this.week[this.selected.day]?.[this.selected.index]&&(this.selected=void 0)}render(){if(!this.config)return f;let{state:e}=this;return s`<ha-card>
<div class="head">
<h2>${this.config.title??e?.name??this.localize(`card.name`)}</h2>
${this.draft?s`<span class="chip">${this.localize(`common.unsaved`)}</span>`:f}
${e?.enabled===!1?s`<span class="chip">${this.localize(`heating_off`)}</span>`:f}
${e?.mode&&e.mode!==`auto`&&e.enabled?s`<span class="chip">${this.localize(`overridden`,{mode:this.localize(`mode.${e.mode}`)})}</span>`:f}
</div>
${this.body()}
<div class="live" role="status" aria-live="polite">${this.status}</div>
</ha-card>`}body(){let{source:e,state:t}=this;if(e.state.kind===`loading`)return s`<p class="note">${this.localize(`common.loading`)}</p>`;if(e.state.kind===`error`){let t=e.state.code===`not_found`?this.localize(`not_found`):e.state.message;return s`<p class="note error">${t} ${this.localize(`common.retrying`)}</p>`}if(!t?.available)return s`<p class="note">${this.localize(`common.not_available`)}</p>`;let n=L(this.now,t.time_zone??`UTC`),r=this.week.every(e=>!e.length);return s`${this.axis()}
<div class="rows" role="group" aria-label=${this.localize(`card.name`)}>
${V(this.hass?.locale.first_weekday,this.hass?.locale.language??`en`).map(e=>this.row(e,n))}
</div>
${r?s`<p class="note">${this.localize(this.editable?`empty`:`empty_read_only`)}</p>`:f}
${this.selected?this.form(this.selected.day,this.selected.index):f}
${this.draft?this.footer():f}`}axis(){let e=e=>this.hass&&c(this.hass.locale)?new Intl.DateTimeFormat(this.hass.locale.language,{hour:`numeric`,hour12:!0,timeZone:`UTC`}).format(new Date(e%24*36e5)):String(e);return s`<div class="axis" aria-hidden="true">
${[0,3,6,9,12,15,18,21,24].map(t=>s`<span class=${t%6?`minor`:``} style="inset-inline-start:${t/24*100}%"
>${e(t)}</span
>`)}
</div>`}row(e,t){let n=this.week[e]??[],r=t.day===e;return s`<div class="row">
<span class="day ${r?`today`:``}" title=${this.dayName(e,`long`)}>${this.dayName(e,`short`)}</span>
<div class="bar ${this.editable?`editable`:``}" @click=${t=>this.tapBar(t,e)}>
${n.map((t,n)=>this.block(e,n,t))}
${r?s`<i class="now" style="inset-inline-start:${t.minute/S*100}%"></i>`:f}
</div>
${this.editable?s`<button
class="add"
data-add=${e}
aria-label=${this.localize(`add`,{day:this.dayName(e,`long`)})}
?disabled=${!D(n)}
@click=${()=>this.addToDay(e)}
>
+
</button>`:f}
</div>`}block(e,t,n){let r=this.selected?.day===e&&this.selected.index===t,i=`inset-inline-start:${n.start/S*100}%;inline-size:${(n.end-n.start)/S*100}%;--share:${I(this.week,n.target_c)}%`,a=s`<span class="target" aria-hidden="true">${this.target(n,!1)}</span>
${n.mode===`auto`?f:s`<span class="mode" aria-hidden="true">${this.localize(`mode.${n.mode}`)}</span>`}`;return this.editable?s`<div class="block ${n.mode} ${r?`selected`:``}" style=${i}>
<button
class="face"
aria-pressed=${r}
@click=${()=>this.select(e,t)}
@keydown=${n=>this.keyBlock(n,e,t)}
>
<span class="sr">${this.describe(e,n)}</span>${a}
</button>
${r?[`start`,`end`].map(r=>this.handle(e,t,n,r)):f}
</div>`:s`<div class="block ${n.mode}" style=${i} role="img" aria-label=${this.describe(e,n)}>
${a}
</div>`}handle(e,t,n,r){let{min:i,max:a}=k(this.week[e]??[],t,r);return s`<div
class="handle ${r}"
role="slider"
tabindex="0"
aria-label=${this.localize(`form.${r}`)}
aria-valuemin=${i}
aria-valuemax=${a}
aria-valuenow=${n[r]}
aria-valuetext=${this.time(n[r])}
@pointerdown=${e=>this.dragEdge(e,r)}
@keydown=${e=>this.keyEdge(e,r)}
></div>`}form(e,t){let n=this.week[e]?.[t],{hass:r}=this;if(!n||!r)return s``;let i=n=>this.edit(j(this.week,e,t,n)),a=(n,r)=>{let i=R(r,n);i!==void 0&&this.edit(A(this.week,e,t,n,i)),this.requestUpdate()},c=e=>{let t=Number(e);if(e===``)i({target_c:null});else if(Number.isFinite(t)){let e=Math.round(o(r,t)*100)/100;i({target_c:Math.min(Math.max(e,0),100)})}},u=n.target_c===null?``:String(Math.round(h(r,n.target_c)*10)/10),d=e=>e.target.value;return s`<fieldset class="form">
<legend>${this.dayName(e,`long`)}</legend>
${[`start`,`end`].map(e=>s`<label
>${this.localize(`form.${e}`)}<input
type="time"
step="900"
name=${e}
.value=${z(n[e])}
@change=${t=>a(e,d(t))}
/></label>`)}
<label
>${this.localize(`form.target`,{unit:l(r)?`°F`:`°C`})}<input
type="number"
name="target"
step="0.5"
inputmode="decimal"
.value=${u}
@change=${e=>c(d(e))}
/></label>
<label
>${this.localize(`form.mode`)}<select
name="mode"
@change=${e=>i({mode:d(e)})}
>
${U.map(e=>s`<option value=${e} ?selected=${e===n.mode}>${this.localize(`mode.${e}`)}</option>`)}
</select></label
>
<div class="actions">
${this.copyButton(`copy_weekdays`,e,[0,1,2,3,4])} ${this.copyButton(`copy_weekend`,e,[5,6])}
${this.copyButton(`copy_all`,e,[0,1,2,3,4,5,6])} ${this.copyMenu(e)}
<button class="danger" @click=${()=>this.removeAt(e,t)}>${this.localize(`delete`)}</button>
</div>
</fieldset>`}copyButton(e,t,n){return s`<button data-copy=${e} @click=${()=>this.edit(N(this.week,t,n))}>${this.localize(e)}</button>`}copyMenu(e){return s`<select name="copy" aria-label=${this.localize(`copy_to`)} @change=${t=>{let n=t.target;n.value&&this.edit(N(this.week,e,[Number(n.value)])),n.value=``}}>
<option value="">${this.localize(`copy_to`)}</option>
${[0,1,2,3,4,5,6].filter(t=>t!==e).map(e=>s`<option value=${e}>${this.dayName(e,`long`)}</option>`)}
</select>`}footer(){return this.isConflict?s`<div class="footer conflict" role="alert">
<p>${this.localize(`common.conflict`)}</p>
<button class="primary" @click=${()=>this.discard()}>${this.localize(`common.load_changes`)}</button>
<button @click=${()=>this.save(this.state?.revision??0)}>${this.localize(`overwrite`)}</button>
</div>`:s`<div class="footer">
<button ?disabled=${this.saving} @click=${()=>this.discard()}>${this.localize(`common.undo`)}</button>
<button class="primary" ?disabled=${this.saving} @click=${()=>this.save(this.base)}>
${this.localize(this.saving?`common.saving`:`common.save`)}
</button>
</div>`}},G=(e,t)=>t.startsWith(`calendar.`)&&e.entities[t]?.platform===`iot_heating`;m({tag:`iot-heating-week-schedule`,element:W,texts:H,key:`card`,docs:`dashboard.md#week-schedule`,suggest:(e,t)=>G(e,t)?{type:`custom:iot-heating-week-schedule`,entity:t}:null});