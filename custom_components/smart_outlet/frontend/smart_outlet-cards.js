import{$0 as e,$6 as t,$7 as n,$9 as r,$f as i,$i as a,$j as o,$q as s,$s as c,$u as l,$12 as u,$19 as d,$1b as f,$1c as p,$1d as m,$1f as h,$1j as g,$1o as _}from"/heat_suite_static/runtime-4aed7898c21e.js";var v=1e3,y=class{constructor(e,t){this.host=e,this.action=t,this.active=!1,this.press=e=>{if(e instanceof KeyboardEvent){if(e.key!==` `&&e.key!==`Enter`||(e.preventDefault(),e.repeat))return}else{let{button:t,currentTarget:n,pointerId:r}=e;if(t>0)return;n.setPointerCapture?.(r)}this.release(),this.active=!0,this._3f=setTimeout(()=>{this.release(),this.action()},v),this.host.requestUpdate()},this.release=()=>{clearTimeout(this._3f),this.active&&(this.active=!1,this.host.requestUpdate())},e.addController(this)}hostDisconnected(){this.release()}},b={packed:`Steckdosen
Steckdosen mit Strom und Leistung, Grenzwerte, Warnungen und „Alles ausschalten“.
Zentrale
Leer lassen, um alle Zentralen anzuzeigen.
Titel
An
Aus
Unbekannt, bis geschaltet wird
Schaltet…
Ausstehend
Aus
Nicht erreichbar
Bleibt an
Offline
Überlast
Ausgelöst
Über dem Grenzwert
Geschützt
Hauptstrom
Gesamtstrom
Grenzwert {value}
Kein Grenzwert
Grenzwert von {of} in Ampere, leer für keinen
Der Grenzwert muss eine Zahl in Ampere sein.
Warnungen
Verwerfen
Alle verwerfen ({count})
Keine Steckdosen. Füge sie bei der Integration hinzu.
Alles ausschalten
Eine Sekunde lang gedrückt halten.
Auch geschützte Steckdosen
Alles wird ausgeschaltet…
Alles ist aus.
Nicht alle Steckdosen haben das Ausschalten bestätigt.
Wieder einschalten: {sockets}
Nicht ausgeführt: {error}`},x={card:{name:`Outlet panel`,description:`Sockets with current and power, limits, alerts and "Switch everything off".`},form:{entry_id:`Hub`,entry_help:`Leave empty to show all hubs.`,title:`Title`},state:{on:`On`,off:`Off`,unknown:`Unknown until it is switched`,pending:`Switching…`},result:{pending:`Waiting`,confirmed:`Off`,unreachable:`Unreachable`,protected:`Stays on`},offline:`Offline`,overload:`Overload`,tripped:`Tripped`,over:`Over the limit`,protected:`Protected`,main_current:`Main current`,sum_current:`Total current`,limit:`Limit {value}`,no_limit:`No limit`,limit_field:`Limit of {of} in amperes, empty for none`,not_a_number:`The limit must be a number of amperes.`,alerts:`Alerts`,dismiss:`Dismiss`,dismiss_all:`Dismiss all ({count})`,no_outlets:`No outlets. Add them at the integration.`,switch_off:`Switch everything off`,hold:`Hold for one second.`,include_protected:`Include protected sockets`,in_progress:`Switching everything off…`,complete:`Everything is off.`,incomplete:`Not all sockets are confirmed off.`,restore:`Switch on again: {sockets}`,failed:`Not done: {error}`},S={packed:`Pistorasiat
Pistokkeiden virta ja teho, raja-arvot, hälytykset ja ”Sammuta kaikki”.
Keskitin
Jätä tyhjäksi, jos haluat näyttää kaikki keskittimet.
Otsikko
Päällä
Pois
Tuntematon, kunnes kytketään
Kytketään…
Odottaa
Pois
Ei tavoitettavissa
Pysyy päällä
Ei yhteyttä
Ylikuormitus
Lauennut
Yli rajan
Suojattu
Päävirta
Kokonaisvirta
Raja {value}
Ei rajaa
Raja ampeereina: {of}, tyhjä poistaa rajan
Rajan on oltava luku ampeereina.
Hälytykset
Kuittaa
Kuittaa kaikki ({count})
Ei pistorasioita. Lisää niitä integraatiossa.
Sammuta kaikki
Pidä painettuna yhden sekunnin ajan.
Myös suojatut pistorasiat
Sammutetaan kaikkea…
Kaikki on sammutettu.
Kaikki pistorasiat eivät ole vahvistaneet sammutusta.
Kytke takaisin päälle: {sockets}
Ei suoritettu: {error}`},C={packed:`Панель розеток
Розетки с током и мощностью, пределы, оповещения и «Выключить всё».
Хаб
Оставьте пустым, чтобы показать все хабы.
Заголовок
Вкл
Выкл
Неизвестно до переключения
Переключение…
Ожидание
Выключены
Недоступны
Остаются включёнными
Не в сети
Перегрузка
Отключена защитой
Выше предела
Защищена
Общий ток ввода
Суммарный ток
Предел {value}
Без предела
Предел в амперах: {of}, пусто — без предела
Предел должен быть числом в амперах.
Оповещения
Закрыть
Закрыть все ({count})
Розеток нет. Добавьте их в интеграции.
Выключить всё
Удерживайте одну секунду.
Включая защищённые розетки
Всё выключается…
Всё выключено.
Не все розетки подтвердили выключение.
Включить снова: {sockets}
Не выполнено: {error}`},w=(e,t)=>{let n=e[t.entry_id]??{hub:void 0,outlets:{}},r=t.hub??n.hub,{outlets:i}=n;return t.outlet&&(i={...i,[t.outlet.device_id]:t.outlet}),t.hub&&(i=Object.fromEntries(Object.entries(i).filter(([e])=>t.hub?.outlets.includes(e)))),{...e,[t.entry_id]:{hub:r,outlets:i}}},T=e=>(e.hub?.outlets??Object.keys(e.outlets)).flatMap(t=>e.outlets[t]??[]),E=(e,t)=>{let[n=``,r=``]=t.split(`/`);return`${e.outlets[n]?.name??n} ${r.toUpperCase()}`},D=e=>{let t=Number(e.trim().replace(`,`,`.`));return Number.isFinite(t)&&t>=0?Math.round(t*1e3):void 0},O=i` ha-card{container-type:inline-size}h3{margin:0;font-size:15px;font-weight:var(--ha-font-weight-medium,500)}section + section{margin-top:16px}.head,.title,.breaker,.alerts li{display:flex;flex-wrap:wrap;align-items:center;gap:8px;min-height:36px}.head h3,.name{flex:1;min-width:0}.bad,.over strong{color:var(--bad);border-color:var(--error-color)}.breaker{padding:4px 0 8px}.breaker > :nth-child(2){flex:1}.meter{width:100%;height:10px;border-radius:5px;overflow:hidden;background:var(--secondary-background-color);border:var(--rule);box-sizing:border-box}.meter i{display:block;height:100%;background:var(--primary-color)}.over .meter i{background:var(--error-color)}.limit{font-size:12px;color:var(--muted)}button.limit{border-style:dashed;padding:0 10px}.edit{display:flex;gap:6px;align-items:center}.edit input{width:72px}.outlets{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(280px,100%),1fr));gap:12px}.title{margin-bottom:6px}.outlet{border:var(--rule);border-radius:12px;padding:6px 12px 12px}.away .values{opacity:0.6}.sockets{display:grid;grid-template-columns:1fr 1fr;gap:8px}.socket{display:grid;grid-template-columns:auto 1fr auto;gap:2px 8px;align-items:center;text-align:start;padding:8px 12px;min-height:72px;border-radius:10px}.socket:disabled{opacity:1}.socket.on{background:color-mix(in srgb,var(--state-switch-active-color,var(--state-active-color,var(--primary-color))) 28%,var(--card-background-color));border-color:transparent}.socket.pending{border-style:dashed;border-color:var(--primary-color)}.socket.bad{border:2px solid var(--error-color)}.letter{font-weight:600}.state{font-size:13px;overflow-wrap:anywhere}.values{grid-column:1 / -1;font-size:12px;color:var(--muted)}.on .values{color:var(--primary-text-color)}ha-icon{--mdc-icon-size:18px}.alerts{margin:0 0 8px;padding:4px 12px;border-radius:12px;border:1px solid var(--warning-color)}.alerts span{flex:1;font-size:14px}.alerts small{margin-inline-start:8px}.alerts .all{justify-content:flex-end}.all-off{display:grid;gap:6px;margin-top:16px}.danger{position:relative;overflow:hidden;display:flex;gap:8px;align-items:center;justify-content:center;min-height:52px;font-size:16px;font-weight:600;color:var(--bad);border:2px solid var(--error-color);touch-action:manipulation;user-select:none;-webkit-user-select:none;-webkit-touch-callout:none}.danger::before{content:"";position:absolute;inset:0;background:var(--error-color);opacity:0.35;transform:scaleX(0);transform-origin:left}.danger.held::before{transform:scaleX(1);transition:transform 1s linear}.include{display:flex;align-items:center;gap:8px;font-size:14px}.include input{min-height:20px;width:20px;margin:0}.result{border-inline-start:4px solid var(--warning-color);padding-inline-start:12px;font-size:14px}.unreachable{color:var(--bad)}@media (prefers-reduced-motion:reduce){.danger.held::before{transition:none}}`,k=_({en:x,de:b,fi:S,ru:C},e),A=class extends n{static{this.styles=[m,O]}static{this.properties={panels:{state:!0},alerts:{state:!0},editing:{state:!0},status:{state:!0},include:{state:!0}}}constructor(){super(),this.texts=k,this._2=-1,this._31=new t(this,()=>this.config&&{type:`smart_outlet/subscribe`,...this.config.entry_id?{entry_id:this.config.entry_id}:{}},e=>this._2g(e)),this._1g=new y(this,()=>void this._3b()),this.panels={},this.alerts=[],this.editing=``,this.status=``,this.include=!1}static getConfigForm(){let e=d(k,p());return{schema:[{name:`entry_id`,selector:{config_entry:{integration:`smart_outlet`}}},{name:`title`,selector:{text:{}}}],computeLabel:t=>e(`form.${t.name}`),computeHelper:t=>t.name===`entry_id`?e(`form.entry_help`):void 0}}static getStubConfig(){return{}}readConfig(e){return e}_2g(e){this.panels=w(this.panels,e);let t=Object.values(this.panels).reduce((e,{hub:t})=>e+(t?.alerts??0),0);t!==this._2&&(this._2=t,this._1s())}async _1s(){let e=this.config?.entry_id,t=await this._2t(`alerts`,e?{entry_id:e}:{});t&&(this.alerts=t.alerts)}async _2t(e,t){try{let n=await this.hass?.callWS({type:`smart_outlet/${e}`,...t});return e!==`alerts`&&(this.status=``),n}catch(e){this.status=this.localize(`failed`,{error:o(e)});return}}async _3b(){let e=this.config?.entry_id;await this._2t(`switch_everything_off`,{...e&&{entry_id:e},include_protected:this.include})}async _2w(e,t,n){let r=D(n);r===void 0?this.status=this.localize(`not_a_number`):(this.editing=``,t===void 0?await this._2t(`set_main_threshold`,{entry_id:e,threshold:r}):await this._2t(`set_threshold`,{entry_id:e,device_id:t,threshold:r}))}_5(e){return e===null||!this.hass?r:`${c(e/1e3,this.hass.locale,2)} A`}render(){if(!this.config)return f;let e=Object.entries(this.panels).filter(([,e])=>e.hub);return u`<ha-card> ${this.config.title?u`<h2>${this.config.title}</h2>`:f} ${e.length?a(e,([e])=>e,([e,t])=>this._29(e,t)):g(this._31.state,this.localize)} ${e.length?this._2c(e.map(([,e])=>e)):f} <div class="live" role="status" aria-live="polite">${this.status}</div> </ha-card>`}_29(e,t){let n=t.hub,r=T(t);return u`<section aria-label=${n.name}> <div class="head"> <h3>${n.name}</h3> ${n.online?f:u`<span class="chip bad">${this.localize(`offline`)}</span>`} </div> ${this._e(e,n)} ${this._3(e,n)} ${r.length?f:u`<p class="note">${this.localize(`no_outlets`)}</p>`} <div class="outlets">${a(r,e=>e.device_id,t=>this._27(e,n,t))}</div> </section>`}_e(e,t){let n=t.main_threshold,r=n&&t.main_current!==null?Math.min(1,t.main_current/n):0,i=`${this._5(t.main_current)}${t.main_power_w===null||!this.hass?``:` · ${l(t.main_power_w,this.hass.locale)}`}`,a=this.localize(t.is_sum?`sum_current`:`main_current`);return u`<div class="breaker ${t.over_main_threshold?`over`:``}"> <span>${a}</span><strong>${i}</strong> ${this._1p(e,void 0,n,t.can_set_threshold,a)} ${n?u`<div class="meter" role="meter" aria-label=${a} aria-valuemin="0" aria-valuemax=${n/1e3} aria-valuenow=${(t.main_current??0)/1e3} aria-valuetext=${i} > <i style="inline-size:${r*100}%"></i> </div>`:f} </div>`}_1p(e,t,n,r,i){let a=t===void 0?e:`${e}/${t}`,o=n?this.localize(`limit`,{value:this._5(n)}):this.localize(`no_limit`);return r?this.editing===a?u`<form class="edit" @submit=${n=>{n.preventDefault(),this._2w(e,t,n.target.querySelector(`input`)?.value??``)}} @keydown=${e=>{e.key===`Escape`&&(this.editing=``)}}> <input inputmode="decimal" aria-label=${this.localize(`limit_field`,{of:i})} .value=${n?String(n/1e3):``} /> <span>A</span><button class="primary">${this.localize(`common.save`)}</button> </form>`:u`<button class="limit" aria-label="${i}: ${o}" @click=${()=>{this.editing=a,this.updateComplete.then(()=>this.renderRoot.querySelector(`.edit input`)?.focus())}}>${o}</button>`:u`<span class="limit">${o}</span>`}_3(e,t){let n=this.alerts.filter(t=>t.entry_id===e);if(!n.length)return f;let r=async t=>{await this._2t(`dismiss_alert`,{entry_id:e,...t&&{alert_id:t.id}}),await this._1s()};return u`<ul class="alerts" aria-label=${this.localize(`alerts`)}> ${a(n.slice(0,5),e=>e.id,e=>u`<li> <span>${e.message}<small>${this.hass?s(this.hass,e.created):``}</small></span> ${t.can_dismiss?u`<button aria-label="${this.localize(`dismiss`)}: ${e.message}" @click=${()=>r(e)}> ${this.localize(`dismiss`)} </button>`:f} </li>`)} ${n.length>1&&t.can_dismiss?u`<li class="all"> <button @click=${()=>r()}>${this.localize(`dismiss_all`,{count:n.length})}</button> </li>`:f} </ul>`}_27(e,t,n){return u`<div class="outlet ${n.online?``:`away`}" role="group" aria-label=${n.name}> <div class="title"> <span class="name">${n.name}</span> ${n.is_overload?u`<span class="chip bad">${this.localize(`overload`)}</span>`:f} ${n.online||!t.online?f:u`<span class="chip">${this.localize(`offline`)}</span>`} ${this._1p(e,n.device_id,n.threshold,n.can_set_threshold,n.name)} </div> <div class="sockets"> ${[`a`,`b`].map(t=>this._30(e,n,t,n.sockets[t]))} </div> </div>`}_30(e,t,n,i){let a=i.pending===null?i.is_on===null?`unknown`:i.is_on?`on`:`off`:`pending`,o=()=>{let r=!(i.pending??i.is_on??!1);this._2t(`switch`,{entry_id:e,device_id:t.device_id,socket:n,on:r})},s=t.online&&this.hass?l(i.power_w,this.hass.locale):r,c=t.online?this._5(i.current_ma):r,d=this.localize(a===`unknown`&&!t.online?`offline`:`state.${a}`),p=i.tripped?`tripped`:i.over_threshold?`over`:``;return u`<button class="socket ${a} ${p?`bad`:``}" role="switch" aria-checked=${i.is_on?`true`:`false`} aria-label="${t.name} ${n.toUpperCase()}: ${d}, ${c}, ${s}${p?`, ${this.localize(p)}`:``}${i.protected?`, ${this.localize(`protected`)}`:``}" ?disabled=${!i.can_control} @click=${o} > <span class="letter">${n.toUpperCase()}</span> <span class="state">${p?this.localize(p):d}</span> ${i.protected?u`<ha-icon icon="mdi:shield-lock-outline" title=${this.localize(`protected`)}></ha-icon>`:f} <span class="values">${c}<br />${s}</span> </button>`}_2c(e){let t=e.some(({hub:e})=>e?.can_switch_off),n=this._1g.active;return u`<div class="all-off"> ${e.map(e=>this._2l(e))} <button class="danger ${n?`held`:``}" aria-describedby="hold" ?disabled=${!t} @pointerdown=${this._1g.press} @pointerup=${this._1g.release} @pointercancel=${this._1g.release} @contextmenu=${e=>e.preventDefault()} @keydown=${this._1g.press} @keyup=${this._1g.release} @blur=${this._1g.release} > <ha-icon icon="mdi:power"></ha-icon>${this.localize(`switch_off`)} </button> <small id="hold">${this.localize(t?`hold`:`common.read_only`)}</small> ${t&&e.some(e=>T(e).some(({sockets:e})=>e.a.protected||e.b.protected))?u`<label class="include" ><input type="checkbox" .checked=${this.include} @change=${e=>{this.include=e.target.checked}} />${this.localize(`include_protected`)}</label >`:f} </div>`}_2l(e){let{hub:t}=e;if(!t?.cut)return f;let{cut:n}=t;if(n.finished&&!t.restorable.length&&!n.unreachable.length)return f;let r=[`pending`,`unreachable`,`confirmed`,`protected`],i=Object.keys(this.panels).find(t=>this.panels[t]===e);return u`<div class="result" aria-live="polite"> <strong>${this.localize(n.finished?n.unreachable.length?`incomplete`:`complete`:`in_progress`)}</strong> <ul> ${r.filter(e=>n[e].length).map(t=>u`<li class=${t}> <b>${this.localize(`result.${t}`)}:</b> ${n[t].map(t=>E(e,t)).join(`, `)} </li>`)} </ul> ${t.restorable.length&&t.can_switch_off?u`<button @click=${()=>this._2t(`restore`,{entry_id:i})}> ${this.localize(`restore`,{sockets:t.restorable.map(t=>E(e,t)).join(`, `)})} </button>`:f} </div>`}},j=(e,t)=>e.entities[t]?.platform===`smart_outlet`;h({tag:`smart-outlet-panel`,element:A,texts:k,key:`card`,docs:`dashboard.md#outlet-panel`,suggest:(e,t)=>j(e,t)?{type:`custom:smart-outlet-panel`}:null});