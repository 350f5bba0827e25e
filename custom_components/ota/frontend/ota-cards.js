import{$0 as e,$6 as t,$7 as n,$f as r,$i as i,$j as a,$l as o,$q as s,$12 as c,$19 as l,$1b as u,$1c as d,$1d as f,$1f as p,$1j as m,$1o as h}from"/heat_suite_static/runtime-4aed7898c21e.js";var g={packed:`Firmware-Rollouts
Wellen, Geräte, Freigaben und Fehler von Firmware-Rollouts; ein Release hochladen.
Titel
Geplant
Läuft
Pausiert
Erfolgreich
Abgebrochen
Zurückgesetzt
Noch nicht angeboten
Angeboten
Lädt
Installiert
Startet neu
Aktualisiert
Fehlgeschlagen
Zurückgesetzt
Abgebrochen
Pausieren
Fortsetzen
Abbrechen
Nächste Welle starten
Fehlgeschlagene wiederholen
Zurücksetzen
Wartet auf Ergebnisse: {finished} von {needed} Geräten sind fertig.
Wartet: Bisher waren zu wenige Aktualisierungen erfolgreich ({failures} fehlgeschlagen).
Die aktualisierten Geräte werden bis {time} beobachtet.
Alle Bedingungen sind erfüllt. Die nächste Welle beginnt.
Angehalten: Zu viele Aktualisierungen sind fehlgeschlagen ({failures}).
Angehalten: Die Höchstzahl an Fehlern ist erreicht ({failures}).
zu wenige Aktualisierungen waren erfolgreich
zu viele Aktualisierungen sind fehlgeschlagen
Höchstzahl an Fehlern erreicht
hat nach der Aktualisierung mehrmals neu gestartet
kein Fortschritt
hat sich nach dem Neustart nicht gemeldet
nach der Aktualisierung verloren
das Gerät ist zur vorherigen Version zurückgekehrt
auf dem Gerät läuft eine andere Version
unbekannter Grund
Keine Rollouts. Lade ein Release hoch, um einen zu starten.
{verified} von {devices} aktualisiert
Welle {wave}
Welle {wave}: {done} aktualisiert, {failed} fehlgeschlagen, {busy} in Arbeit, {open} wartend
ab {time}
Von einem Benutzer pausiert.
Pausiert: {reason}.
Beginnt zur geplanten Zeit.
Gründe der Fehler
Geräte ({count})
Nur die ersten Geräte sind aufgeführt.
Nochmals drücken: {verb}
Nur Administratoren können Firmware ändern.
Jetzt ausrollen
{count} Geräte
Image, Manifest und Signatur hier ablegen oder Dateien auswählen
Kein Firmware-Image (.bin, .gz, .swu) unter den Dateien.
Das Manifest (.json) fehlt. Lege es zusammen mit dem Image ab.
{name} wird hochgeladen…
{product} {version} ist gespeichert.
Nicht ausgeführt: {error}`},_={card:{name:`Firmware rollouts`,description:`Waves, devices, gates and failures of firmware rollouts; upload a release.`},form:{title:`Title`},status:{scheduled:`Scheduled`,running:`Running`,paused:`Paused`,succeeded:`Succeeded`,aborted:`Aborted`,rolled_back:`Rolled back`},device:{waiting:`Not offered yet`,offered:`Offered`,downloading:`Downloading`,installing:`Installing`,rebooting:`Restarting`,verified:`Updated`,failed:`Failed`,rolled_back:`Rolled back`,canceled:`Canceled`},verb:{pause:`Pause`,resume:`Resume`,abort:`Abort`,promote:`Start next wave`,retry:`Retry failed devices`,rollback:`Roll back`},gate:{sample:`Waiting for results: {finished} of {needed} devices have finished.`,success_rate:`Waiting: too few updates have succeeded so far ({failures} failed).`,soak:`Observing the updated devices until {time}.`,passed:`All conditions are met. The next wave starts.`,failure_rate:`Stopped: too many updates have failed ({failures}).`,max_failures:`Stopped: the maximum number of failures is reached ({failures}).`},reason:{success_rate:`too few updates succeeded`,failure_rate:`too many updates failed`,max_failures:`maximum number of failures reached`,boot_loop:`restarted repeatedly after the update`,stalled:`no progress`,no_heartbeat:`did not report after the restart`,lost_after_update:`lost after the update`,rolled_back_by_device:`the device returned to its previous version`,another_version_runs:`the device runs another version`,unknown:`unknown reason`},empty:`No rollouts. Upload a release to start one.`,count:`{verified} of {devices} updated`,wave_number:`Wave {wave}`,wave:`Wave {wave}: {done} updated, {failed} failed, {busy} updating, {open} waiting`,from:`from {time}`,paused:`Paused by a user.`,paused_by:`Paused: {reason}.`,scheduled:`Starts at the scheduled time.`,reasons:`Reasons of failures`,devices:`Devices ({count})`,more:`Only the first devices are listed.`,sure:`Press again: {verb}`,admin_only:`Only administrators can change firmware.`,roll_out:`Roll out now`,for_devices:`{count} devices`,drop:`Drop image, manifest and signature here, or select the files`,no_image:`No firmware image (.bin, .gz, .swu) among the files.`,no_manifest:`The manifest (.json) is missing. Drop it together with the image.`,uploading:`Uploading {name}…`,uploaded:`{product} {version} is stored.`,failed:`Not done: {error}`},v={packed:`Laiteohjelmistojen jakelut
Jakelujen aallot, laitteet, portit ja virheet; lataa julkaisu.
Otsikko
Ajastettu
Käynnissä
Keskeytetty
Onnistunut
Peruutettu
Palautettu
Ei vielä tarjottu
Tarjottu
Ladataan
Asennetaan
Käynnistyy uudelleen
Päivitetty
Epäonnistui
Palautettu
Peruutettu
Keskeytä
Jatka
Peruuta
Aloita seuraava aalto
Yritä epäonnistuneita uudelleen
Palauta
Odotetaan tuloksia: {finished}/{needed} laitetta on valmiina.
Odotetaan: liian harva päivitys on onnistunut ({failures} epäonnistui).
Päivitettyjä laitteita tarkkaillaan: {time} asti.
Kaikki ehdot täyttyvät. Seuraava aalto alkaa.
Pysäytetty: liian moni päivitys epäonnistui ({failures}).
Pysäytetty: virheiden enimmäismäärä on täynnä ({failures}).
liian harva päivitys onnistui
liian moni päivitys epäonnistui
virheiden enimmäismäärä on täynnä
käynnistyi toistuvasti uudelleen päivityksen jälkeen
ei edistymistä
ei raportoinut uudelleenkäynnistyksen jälkeen
yhteys katosi päivityksen jälkeen
laite palasi edelliseen versioon
laitteessa on toinen versio
tuntematon syy
Ei jakeluja. Aloita lataamalla julkaisu.
{verified}/{devices} päivitetty
Aalto {wave}
Aalto {wave}: {done} päivitetty, {failed} epäonnistui, {busy} päivittyy, {open} odottaa
alkaen {time}
Käyttäjä keskeytti.
Keskeytetty: {reason}.
Alkaa ajastettuna aikana.
Virheiden syyt
Laitteet ({count})
Vain ensimmäiset laitteet on lueteltu.
Paina uudelleen: {verb}
Vain ylläpitäjät voivat muuttaa laiteohjelmistoja.
Aloita jakelu nyt
{count} laitetta
Pudota laiteohjelmistotiedosto, manifesti ja allekirjoitus tähän tai valitse tiedostot
Tiedostoissa ei ole laiteohjelmistoa (.bin, .gz, .swu).
Manifesti (.json) puuttuu. Pudota se yhdessä ohjelmiston kanssa.
Ladataan {name}…
{product} {version} on tallennettu.
Ei suoritettu: {error}`},y={packed:`Развёртывания прошивок
Волны, устройства, контрольные условия и ошибки развёртываний; загрузка выпуска.
Заголовок
Запланировано
Выполняется
Приостановлено
Успешно
Прервано
Выполнен откат
Ещё не предложено
Предложено
Загрузка
Установка
Перезапуск
Обновлено
Ошибка
Выполнен откат
Отменено
Приостановить
Продолжить
Прервать
Начать следующую волну
Повторить неудавшиеся
Откатить
Ожидание результатов: завершено {finished} из {needed} устройств.
Ожидание: пока слишком мало успешных обновлений (ошибок: {failures}).
Наблюдение за обновлёнными устройствами до {time}.
Все условия выполнены. Начинается следующая волна.
Остановлено: слишком много ошибок обновления ({failures}).
Остановлено: достигнуто предельное число ошибок ({failures}).
слишком мало успешных обновлений
слишком много ошибок обновления
достигнуто предельное число ошибок
многократный перезапуск после обновления
нет продвижения
нет отчёта после перезапуска
связь потеряна после обновления
устройство вернулось к прежней версии
на устройстве другая версия
неизвестная причина
Развёртываний нет. Загрузите выпуск, чтобы начать.
Обновлено {verified} из {devices}
Волна {wave}
Волна {wave}: обновлено {done}, ошибок {failed}, обновляется {busy}, ожидает {open}
с {time}
Приостановлено пользователем.
Приостановлено: {reason}.
Начнётся в запланированное время.
Причины ошибок
Устройства ({count})
Показаны только первые устройства.
Нажмите ещё раз: {verb}
Менять прошивки могут только администраторы.
Развернуть сейчас
устройств: {count}
Перетащите сюда образ, манифест и подпись или выберите файлы
Среди файлов нет прошивки (.bin, .gz, .swu).
Нет манифеста (.json). Перетащите его вместе с образом.
Загрузка {name}…
{product} {version} сохранён.
Не выполнено: {error}`},b=e=>{let t=e.failed>0?[`retry`]:[];switch(e.status){case`scheduled`:return[`promote`,`abort`];case`running`:return[...e.wave<e.waves?[`promote`]:[],`pause`,`abort`];case`paused`:return[`resume`,...t,`abort`,`rollback`];default:return[]}},x=e=>{let t=(...t)=>t.reduce((t,n)=>t+(e.states[n]??0),0),n=t(`verified`),r=t(`failed`,`rolled_back`),i=t(`offered`,`downloading`,`installing`,`rebooting`);return{done:n,failed:r,busy:i,open:Math.max(0,e.devices-n-r-i)}},S=/\.(bin|gz|swu)$/i,C=e=>{let t=[...e],n=t.find(e=>S.test(e.name));if(n)return{image:n,manifest:t.find(e=>/\.json$/i.test(e.name)),signature:t.find(e=>/\.(sig|minisig|asc)$/i.test(e.name))}},w=e=>{let t={};for(let{product:n,version:r,devices:i,chip:a}of e){let e=t[`${n}\n${r}`]??={product:n,version:r,devices:0,chips:[]};e.devices+=i,e.chips.push(a)}return Object.values(t)},T=r` ha-card.over{outline:3px dashed var(--primary-color);outline-offset:-3px}h2{margin-bottom:8px;min-height:28px}.rollout{border:var(--rule);border-radius:12px;padding:0 12px 12px;margin-bottom:12px}.rollout:not([open]){padding-bottom:0}summary{display:flex;flex-wrap:wrap;gap:4px 10px;align-items:center;min-height:32px;padding:6px 0;cursor:pointer;border-radius:8px}.name{flex:1 1 120px;min-width:0;overflow-wrap:anywhere}.chip{border-color:currentColor}.chip.running,.chip.succeeded{color:color-mix(in srgb,var(--success-color) 60%,var(--primary-text-color))}.chip.paused,.chip.rolled_back{color:var(--bad)}.count{color:var(--muted);font-size:13px}small{display:block}.waves{display:flex;gap:6px;font-size:12px;color:var(--muted)}.waves li{flex:1 1 36px;min-width:36px}.waves .current{color:var(--primary-text-color);font-weight:600}.bar{display:flex;height:14px;border-radius:7px;overflow:hidden;background:var(--secondary-background-color);border:var(--rule);box-sizing:border-box}.current .bar{border-color:var(--primary-color)}.bar i{flex-basis:0;min-width:3px}.bar .done{background:var(--success-color)}.bar .failed{background:repeating-linear-gradient(45deg,var(--error-color) 0 4px,var(--card-background-color) 4px 6px)}.bar .busy{background:var(--primary-color);opacity:0.55}.gate{margin:8px 0;font-size:14px}.reasons,.devices{font-size:13px}.reasons{border-inline-start:4px solid var(--error-color);padding-inline-start:12px}.devices summary{min-height:24px;color:var(--muted)}.devices li{display:flex;flex-wrap:wrap;gap:8px;padding:6px 0;border-top:var(--rule)}.devices .failed span:last-child,.devices .rolled_back span:last-child{color:var(--bad)}.actions{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin-top:8px}.drop:focus-within{outline:2px solid var(--primary-color);outline-offset:1px}.release{display:flex;flex-wrap:wrap;gap:8px;align-items:center;padding:8px 12px;border-radius:12px;margin-bottom:8px;background:var(--secondary-background-color)}.release.new{outline:2px solid var(--primary-color)}.drop{position:relative;display:grid;place-items:center;min-height:52px;padding:0 12px;text-align:center;font-size:13px;border:1px dashed var(--divider-color);border-radius:12px;color:var(--muted);cursor:pointer}.drop input{position:absolute;inset:0;opacity:0;cursor:pointer}`,E=h({en:_,de:g,fi:v,ru:y},e),D=class extends n{static{this.styles=[f,T]}static{this.properties={status:{state:!0},isError:{state:!0},busy:{state:!0},over:{state:!0},asked:{state:!0},uploaded:{state:!0}}}constructor(){super(),this.texts=E,this._31=new t(this,()=>this.config?{type:`ota/rollouts/subscribe`}:void 0),this.status=``,this.isError=!1,this.busy=!1,this.over=!1,this.asked=``}static getConfigForm(){let e=l(E,d());return{schema:[{name:`title`,selector:{text:{}}}],computeLabel:t=>e(`form.${t.name}`)}}static getStubConfig(){return{}}readConfig(e){return e}_2q(e,t=!1){this.status=e,this.isError=t}async _2t(e,t){this.asked=``,this.busy=!0;try{await this.hass?.callWS({type:`ota/rollout/${e}`,...t}),this._2q(``)}catch(e){this._2q(this.localize(`failed`,{error:a(e)}),!0)}finally{this.busy=!1}}async _33(e,t){this.uploaded=void 0,await this._2t(`start`,{product:e,version:[t],strategy:`canary`,percent:10})}async _3k(e){let t=C(e);if(!t)return this._2q(this.localize(`no_image`),!0);if(!t.manifest)return this._2q(this.localize(`no_manifest`),!0);this.busy=!0,this._2q(this.localize(`uploading`,{name:t.image.name}));try{let e=new FormData;e.append(`manifest`,(await t.manifest.text()).trim()),t.signature&&e.append(`signature`,(await t.signature.text()).trim()),e.append(`image`,t.image);let n=await this.hass.fetchWithAuth(`/api/ota/releases/`,{method:`POST`,body:e}),r=await n.json();if(!n.ok)throw Error(r.message??r.error??String(n.status));this.uploaded={product:r.product,version:r.version},this._2q(this.localize(`uploaded`,this.uploaded))}catch(e){this._2q(this.localize(`failed`,{error:a(e)}),!0)}finally{this.busy=!1}}render(){if(!this.config)return u;let e=this._31.data?.is_admin===!0,t=t=>{e&&(t.preventDefault(),this.over=t.type===`dragover`)};return c`<ha-card class=${this.over?`over`:``} @dragover=${t} @dragleave=${t} @drop=${n=>{t(n),e&&n.dataTransfer?.files.length&&this._3k(n.dataTransfer.files)}}> <h2>${this.config.title??this.localize(`card.name`)}</h2> ${this._d()} <div class="live ${this.isError?`error`:``}" role="status" aria-live="polite">${this.status}</div> </ha-card>`}_d(){let{state:e}=this._31,t=m(e,this.localize);if(t||e.kind!==`data`)return t??c``;let{rollouts:n=[],is_admin:r=!1}=e.data;return c`${n.length?i(n,({rollout:e})=>e,e=>this._2m(e,r)):c`<p class="note">${this.localize(`empty`)}</p>`} ${this._2i(e.data,r)}`}_2m(e,t){let n=[`succeeded`,`aborted`,`rolled_back`].includes(e.status);return c`<details class="rollout" ?open=${!n}> <summary> <span class="name">${e.name}</span> <span class="chip ${e.status}">${this.localize(`status.${e.status}`)}</span> <span class="count">${this.localize(`count`,{verified:e.verified,devices:e.devices})}</span> </summary> ${this._3n(e)} ${n?u:c`<p class="gate">${this._19(e)}</p>`} ${Object.keys(e.reasons).length?this._2f(e):u} ${e.device_list.length?this._q(e):u} ${this._26(e,t)} </details>`}_3n(e){return c`<ol class="waves"> ${e.wave_list.map((t,n)=>{let{done:r,failed:i,busy:a,open:o}=x(t),l=this.localize(`wave`,{wave:n+1,done:r,failed:i,busy:a,open:o}),d=(e,t)=>t?c`<i class=${e} style="flex-grow:${t}"></i>`:u;return c`<li class=${n+1===e.wave?`current`:``} style="flex-grow:${Math.max(1,t.devices)}"> <div class="bar" role="img" aria-label=${l} title=${l}> ${d(`done`,r)}${d(`failed`,i)}${d(`busy`,a)}${d(`open`,o)} </div> <span>${this.localize(`wave_number`,{wave:n+1})} · ${t.devices}</span> ${t.not_before&&this.hass&&n+1>e.wave?c`<small>${this.localize(`from`,{time:s(this.hass,t.not_before)})}</small>`:u} </li>`})} </ol>`}_19(e){let t=e.gate_details;if(e.status===`paused`)return e.pause_reason?this.localize(`paused_by`,{reason:this._2e(e.pause_reason)}):this.localize(`paused`);if(e.status===`scheduled`)return this.localize(`scheduled`);let n=t.soak_ends&&this.hass?s(this.hass,t.soak_ends):void 0;if(e.gate_reason===`soak`&&n)return this.localize(`gate.soak`,{time:n});let r=this.hass?o(t.soak_s,this.hass.locale):``,i=`gate.${e.gate_reason}`,a=this.localize(i,{finished:t.finished,needed:t.needed,failures:t.failures,soak:r});return a===i?e.gate_reason:a}_2e(e){let t=this.localize(`reason.${e}`);return t===`reason.${e}`?e:t}_2f(e){return c`<ul class="reasons" aria-label=${this.localize(`reasons`)}> ${Object.entries(e.reasons).map(([e,t])=>c`<li><b>${t} ×</b> ${this._2e(e)}</li>`)} </ul>`}_q(e){let t=e=>{let t=this.localize(`device.${e.state??`waiting`}`);return e.state===`downloading`&&e.progress!==null?`${t} ${e.progress} %`:t};return c`<details class="devices"> <summary>${this.localize(`devices`,{count:e.devices})}</summary> <ul> ${e.device_list.map(e=>c`<li class=${e.state??`waiting`}> <span class="name">${e.name}</span> <span>${t(e)}${e.reason?c`: ${this._2e(e.reason)}`:u}</span> </li>`)} </ul> ${e.devices>e.device_list.length&&e.device_list.length>=40?c`<small>${this.localize(`more`)}</small>`:u} </details>`}_26(e,t){let n=b(e);return n.length?c`<div class="actions">${i(n,e=>e,n=>{let r=`${e.rollout}/${n}`,i=n===`abort`||n===`rollback`,a=i&&this.asked===r;return c`<button class=${i?`danger`:n===`resume`?`primary`:``} ?disabled=${!t||this.busy} @click=${()=>{i&&!a?this.asked=r:this._2t(n,{rollout:e.rollout})}}> ${this.localize(a?`sure`:`verb.${n}`,{verb:this.localize(`verb.${n}`)})} </button>`})} ${t?u:c`<small>${this.localize(`admin_only`)}</small>`}</div>`:u}_2i(e,t){let n=new Set((e.rollouts??[]).filter(({status:e})=>e!==`aborted`&&e!==`rolled_back`).flatMap(({product:e,versions:t})=>t.map(t=>`${e}\n${t}`))),r=w(e.releases??[]).filter(({product:e,version:t,devices:r})=>r>0&&!n.has(`${e}\n${t}`));return c`${i(r,({product:e,version:t})=>`${e}\n${t}`,({product:e,version:n,devices:r,chips:i})=>c`<div class="release ${this.uploaded?.product===e&&this.uploaded.version===n?`new`:``}"> <span class="name">${e} ${n}<small>${i.join(`, `)} · ${this.localize(`for_devices`,{count:r})}</small></span> <button class="primary" ?disabled=${!t||this.busy} @click=${()=>this._33(e,n)}> ${this.localize(`roll_out`)} </button> </div>`)} ${t?c`<label class="drop" ><input type="file" multiple accept=".bin,.gz,.swu,.json,.sig" ?disabled=${this.busy} @change=${e=>{let t=e.target;t.files?.length&&this._3k(t.files),t.value=``}} /><span >${this.localize(`drop`)}</span ></label >`:u}`}},O=(e,t)=>e.entities[t]?.platform===`ota`;p({tag:`ota-rollouts`,element:D,texts:E,key:`card`,docs:`dashboard.md#firmware-rollouts`,suggest:(e,t)=>O(e,t)?{type:`custom:ota-rollouts`}:null});