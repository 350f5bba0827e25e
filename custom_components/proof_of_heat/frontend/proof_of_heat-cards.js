import{COMMON as e,LitElement as t,Subscription as n,SuiteCard as r,UNKNOWN as i,Width as a,area as o,cardStyles as s,clamp as c,css as l,flowAt as u,formatDuration as ee,formatHour as d,formatKelvin as f,formatList as te,formatMoment as ne,formatMoney as p,formatNumber as m,formatPercent as h,formatPower as g,formatPrice as _,formatTemperature as v,formatTime as re,fromUserTemperature as y,hourOfDay as ie,html as b,isFahrenheit as x,isNumber as S,isWebSocketError as C,levelThrough as ae,linear as w,localizer as T,message as oe,nothing as E,pageLanguage as D,path as O,registerCard as k,settable as A,slopeThrough as se,stateMessage as j,steps as ce,svg as M,ticks as N,toUserTemperature as P,withCommon as le}from"/heat_suite_static/runtime-a9b0d399988e.js";var F=le({en:{editor:{entry_id:`Heating system`,entry_id_help:`Leave empty to use the first heating system.`,title:`Title`,hide:`Hide`,read_only:`Read only`},overview:{name:`Heating overview`,description:`What heats now and why, what it costs and saves, the next 24 hours, and overrides.`,unavailable:`The heating system is not loaded.`,not_found:`Heating system not found, or you have no permission to see it.`,heats:`{names}: {power}`,heats_unknown:`{names} heats`,states:{off:`Heating control is off`,shadow:`Simulation only`,starting:`Starting`,frost:`Frost protection`,blind:`Fixed flow temperature`,commissioning:`Measuring the heat source`,heating:`Heating`,limited:`Heat needed, but limited`,idle:`No heat needed`},band:`Comfort {low}–{high}`,outdoor:`Outdoors {value}`,failing:`The last control cycle failed. The values below may be out of date.`,shadow:`Simulation: this is what heating control would do. Nothing is controlled.`,off:`Heating control is off. The sources run on their own; the plan below is not carried out.`,cost_now:`Cost now`,electricity:`Electricity {price}`,no_price:`Electricity price unknown`,saved:`Saved in {days}`,would_save:`Would have saved in {days}`,interval:`90 % certain: {low} to {high}`,learning:`Learning the house`,checking:`Checking the learned house`,learning_left:`First plan in about {left}`,learning_error:`Prediction error {error}; planning starts below {limit}`,ladder:`Price of heat now`,price_unknown:`Price unknown`,source:{heating:`Heating`,commanded:`Switched on, not heating yet`,own:`Heating on its own`,failing:`Not responding`},reasons:{no_demand:`No heat needed`,more_expensive:`More expensive`,not_needed:`Not needed`,control_off:`Heating control is off`},plan:`Next 24 hours, planned at {time}`,no_plan:`Next 24 hours, no plan yet`,chart:{label:`Time in the next 24 hours`,now:`Now`,room:`Room`,heat:`Heat`,price:`Electricity price`,outdoor:`Outdoors`},limits:`What limits heating`,profiles:{auto:`Auto`,comfort:`Comfort`,eco:`Eco`,away:`Away`,antifreeze:`Frost protection`},override:{title:`Override`,until:`{what} until {until}`,zone_until:`{zone}: {what} until {until}`,end:`End`,end_all:`End all`,temperature:`Temperature`,colder:`Colder`,warmer:`Warmer`,duration:`Duration`,set:`Set`,profile:`Profile`},parts:{figures:`Cost and savings`,ladder:`Price of heat`,next_day:`Next 24 hours`,limits:`Limits`,override:`Override`}},curve:{name:`Heating curve`,description:`Drag or type the heating curve; shows measured points, the suggested curve and what the devices confirm.`,unavailable:`The heating system is not loaded.`,not_found:`Heating system not found, or you have no permission to see it.`,plot:`Flow temperature by outdoor temperature`,outdoor_axis:`Outdoor temperature ({unit})`,slope:`Slope`,level:`Level`,max_flow_c:`Maximum flow`,curve:`Heating curve`,draft:`New heating curve`,now:`Now`,measured:`Measured last week`,suggested:`Fits the learned house`,suggestion:`Suggested for your house: slope {slope}, level {level} (confidence {confidence})`,use:`Use`,devices:`Devices that follow the curve`,flow:`flow {value}`,status:{confirmed:`Confirmed`,pending:`Waiting for confirmation`,failed:`Not confirmed`,off:`Not controlled`}},cop:{name:`COP`,description:`COP of the heat pump today, this month and over a year, and each hour by outdoor temperature with the learned line.`,unavailable:`The heating system is not loaded.`,not_found:`Heating system not found, or you have no permission to see it.`,day:`Today`,month:`This month`,season:`365 days`,plot:`COP by outdoor temperature`,at:`{cop} at {outdoor}`,hours:`Measured hours`,line:`Learned, at the flow temperature of the heating curve`,empty:`No measured hours yet`,empty_detail:`Electricity and heat of the heat pump have to be measured while it runs.`}},de:{editor:{entry_id:`Heizsystem`,entry_id_help:`Leer lassen, um das erste Heizsystem zu verwenden.`,title:`Titel`,hide:`Ausblenden`,read_only:`Nur anzeigen`},overview:{name:`Heizungsübersicht`,description:`Was gerade heizt und warum, was es kostet und spart, die nächsten 24 Stunden und Übersteuerungen.`,unavailable:`Das Heizsystem ist nicht geladen.`,not_found:`Heizsystem nicht gefunden, oder du darfst es nicht sehen.`,heats:`{names}: {power}`,heats_unknown:`{names} heizt`,states:{off:`Heizungsregelung ist aus`,shadow:`Nur Simulation`,starting:`Startet`,frost:`Frostschutz`,blind:`Feste Vorlauftemperatur`,commissioning:`Wärmeerzeuger wird vermessen`,heating:`Heizt`,limited:`Wärme nötig, aber begrenzt`,idle:`Keine Wärme nötig`},band:`Komfort {low}–{high}`,outdoor:`Außen {value}`,failing:`Der letzte Regelzyklus ist fehlgeschlagen. Die Werte unten sind möglicherweise veraltet.`,shadow:`Simulation: Das würde die Heizungsregelung tun. Es wird nichts geregelt.`,off:`Die Heizungsregelung ist aus. Die Wärmeerzeuger laufen selbstständig; der Plan unten wird nicht ausgeführt.`,cost_now:`Kosten jetzt`,electricity:`Strom {price}`,no_price:`Strompreis unbekannt`,saved:`Gespart in {days}`,would_save:`Ersparnis in {days} wäre gewesen`,interval:`Zu 90 % sicher: {low} bis {high}`,learning:`Haus wird gelernt`,checking:`Gelerntes Haus wird geprüft`,learning_left:`Erster Plan in etwa {left}`,learning_error:`Vorhersagefehler {error}; geplant wird unter {limit}`,ladder:`Wärmepreis jetzt`,price_unknown:`Preis unbekannt`,source:{heating:`Heizt`,commanded:`Eingeschaltet, heizt noch nicht`,own:`Heizt selbstständig`,failing:`Antwortet nicht`},reasons:{no_demand:`Keine Wärme nötig`,more_expensive:`Teurer`,not_needed:`Nicht nötig`,control_off:`Heizungsregelung ist aus`},plan:`Nächste 24 Stunden, geplant um {time}`,no_plan:`Nächste 24 Stunden, noch kein Plan`,chart:{label:`Zeit in den nächsten 24 Stunden`,now:`Jetzt`,room:`Raum`,heat:`Wärme`,price:`Strompreis`,outdoor:`Außen`},limits:`Was das Heizen begrenzt`,profiles:{auto:`Automatik`,comfort:`Komfort`,eco:`Eco`,away:`Abwesend`,antifreeze:`Frostschutz`},override:{title:`Übersteuerung`,until:`{what} bis {until}`,zone_until:`{zone}: {what} bis {until}`,end:`Beenden`,end_all:`Alle beenden`,temperature:`Temperatur`,colder:`Kälter`,warmer:`Wärmer`,duration:`Dauer`,set:`Einstellen`,profile:`Profil`},parts:{figures:`Kosten und Ersparnis`,ladder:`Wärmepreis`,next_day:`Nächste 24 Stunden`,limits:`Begrenzungen`,override:`Übersteuerung`}},curve:{name:`Heizkurve`,description:`Heizkurve ziehen oder eintippen; mit gemessenen Punkten, der vorgeschlagenen Kurve und der Bestätigung der Geräte.`,unavailable:`Das Heizsystem ist nicht geladen.`,not_found:`Heizsystem nicht gefunden, oder du darfst es nicht sehen.`,plot:`Vorlauftemperatur nach Außentemperatur`,outdoor_axis:`Außentemperatur ({unit})`,slope:`Neigung`,level:`Niveau`,max_flow_c:`Max. Vorlauf`,curve:`Heizkurve`,draft:`Neue Heizkurve`,now:`Jetzt`,measured:`Letzte Woche gemessen`,suggested:`Passt zum gelernten Haus`,suggestion:`Vorschlag für dein Haus: Neigung {slope}, Niveau {level} (Sicherheit {confidence})`,use:`Übernehmen`,devices:`Geräte, die der Kurve folgen`,flow:`Vorlauf {value}`,status:{confirmed:`Bestätigt`,pending:`Wartet auf Bestätigung`,failed:`Nicht bestätigt`,off:`Nicht geregelt`}},cop:{name:`COP`,description:`COP der Wärmepumpe heute, diesen Monat und über ein Jahr sowie jede Stunde nach Außentemperatur mit der gelernten Linie.`,unavailable:`Das Heizsystem ist nicht geladen.`,not_found:`Heizsystem nicht gefunden, oder du darfst es nicht sehen.`,day:`Heute`,month:`Dieser Monat`,season:`365 Tage`,plot:`COP nach Außentemperatur`,at:`{cop} bei {outdoor}`,hours:`Gemessene Stunden`,line:`Gelernt, bei der Vorlauftemperatur der Heizkurve`,empty:`Noch keine gemessenen Stunden`,empty_detail:`Strom und Wärme der Wärmepumpe müssen gemessen werden, während sie läuft.`}},fi:{editor:{entry_id:`Lämmitysjärjestelmä`,entry_id_help:`Jätä tyhjäksi, jos haluat käyttää ensimmäistä lämmitysjärjestelmää.`,title:`Otsikko`,hide:`Piilota`,read_only:`Vain luku`},overview:{name:`Lämmityksen yleiskuva`,description:`Mikä lämmittää nyt ja miksi, mitä se maksaa ja säästää, seuraavat 24 tuntia ja ohitukset.`,unavailable:`Lämmitysjärjestelmää ei ole ladattu.`,not_found:`Lämmitysjärjestelmää ei löytynyt, tai sinulla ei ole oikeutta nähdä sitä.`,heats:`{names}: {power}`,heats_unknown:`{names} lämmittää`,states:{off:`Lämmityksen ohjaus on pois päältä`,shadow:`Vain simulointi`,starting:`Käynnistyy`,frost:`Jäätymissuoja`,blind:`Kiinteä menoveden lämpötila`,commissioning:`Lämmönlähdettä mitataan`,heating:`Lämmittää`,limited:`Lämpöä tarvitaan, mutta sitä on rajoitettu`,idle:`Lämpöä ei tarvita`},band:`Mukavuus {low}–{high}`,outdoor:`Ulkona {value}`,failing:`Viimeisin ohjauskierros epäonnistui. Alla olevat arvot voivat olla vanhentuneita.`,shadow:`Simulointi: näin lämmityksen ohjaus toimisi. Mitään ei ohjata.`,off:`Lämmityksen ohjaus on pois päältä. Lähteet toimivat itsenäisesti; alla olevaa suunnitelmaa ei toteuteta.`,cost_now:`Kustannus nyt`,electricity:`Sähkö {price}`,no_price:`Sähkön hinta ei ole tiedossa`,saved:`Säästetty: {days}`,would_save:`Säästö olisi ollut: {days}`,interval:`90 % varmuudella {low} – {high}`,learning:`Taloa opitaan`,checking:`Opittua taloa tarkistetaan`,learning_left:`Ensimmäinen suunnitelma noin {left} kuluttua`,learning_error:`Ennustevirhe {error}; suunnittelu alkaa, kun se on alle {limit}`,ladder:`Lämmön hinta nyt`,price_unknown:`Hinta ei ole tiedossa`,source:{heating:`Lämmittää`,commanded:`Kytketty päälle, ei vielä lämmitä`,own:`Lämmittää itsenäisesti`,failing:`Ei vastaa`},reasons:{no_demand:`Lämpöä ei tarvita`,more_expensive:`Kalliimpi`,not_needed:`Ei tarvita`,control_off:`Lämmityksen ohjaus on pois päältä`},plan:`Seuraavat 24 tuntia, suunniteltu klo {time}`,no_plan:`Seuraavat 24 tuntia, ei vielä suunnitelmaa`,chart:{label:`Aika seuraavan 24 tunnin aikana`,now:`Nyt`,room:`Huone`,heat:`Lämpö`,price:`Sähkön hinta`,outdoor:`Ulkona`},limits:`Mikä rajoittaa lämmitystä`,profiles:{auto:`Automaattinen`,comfort:`Mukavuus`,eco:`Eko`,away:`Poissa`,antifreeze:`Jäätymissuoja`},override:{title:`Ohitus`,until:`{what}, päättyy {until}`,zone_until:`{zone}: {what}, päättyy {until}`,end:`Lopeta`,end_all:`Lopeta kaikki`,temperature:`Lämpötila`,colder:`Viileämpi`,warmer:`Lämpimämpi`,duration:`Kesto`,set:`Aseta`,profile:`Profiili`},parts:{figures:`Kustannukset ja säästöt`,ladder:`Lämmön hinta`,next_day:`Seuraavat 24 tuntia`,limits:`Rajoitukset`,override:`Ohitus`}},curve:{name:`Lämmityskäyrä`,description:`Vedä tai kirjoita lämmityskäyrä; näyttää mitatut pisteet, ehdotetun käyrän ja laitteiden vahvistukset.`,unavailable:`Lämmitysjärjestelmää ei ole ladattu.`,not_found:`Lämmitysjärjestelmää ei löytynyt, tai sinulla ei ole oikeutta nähdä sitä.`,plot:`Menoveden lämpötila ulkolämpötilan mukaan`,outdoor_axis:`Ulkolämpötila ({unit})`,slope:`Jyrkkyys`,level:`Taso`,max_flow_c:`Menovesi enintään`,curve:`Lämmityskäyrä`,draft:`Uusi lämmityskäyrä`,now:`Nyt`,measured:`Mitattu viime viikolla`,suggested:`Sopii opittuun taloon`,suggestion:`Ehdotus talollesi: jyrkkyys {slope}, taso {level} (varmuus {confidence})`,use:`Käytä`,devices:`Käyrää seuraavat laitteet`,flow:`menovesi {value}`,status:{confirmed:`Vahvistettu`,pending:`Odottaa vahvistusta`,failed:`Ei vahvistettu`,off:`Ei ohjata`}},cop:{name:`COP`,description:`Lämpöpumpun COP tänään, tässä kuussa ja vuoden ajalta sekä jokainen tunti ulkolämpötilan mukaan opitun viivan kanssa.`,unavailable:`Lämmitysjärjestelmää ei ole ladattu.`,not_found:`Lämmitysjärjestelmää ei löytynyt, tai sinulla ei ole oikeutta nähdä sitä.`,day:`Tänään`,month:`Tässä kuussa`,season:`365 päivää`,plot:`COP ulkolämpötilan mukaan`,at:`{cop}, kun ulkona on {outdoor}`,hours:`Mitatut tunnit`,line:`Opittu, lämmityskäyrän menoveden lämpötilassa`,empty:`Ei vielä mitattuja tunteja`,empty_detail:`Lämpöpumpun sähkö ja lämpö on mitattava sen käydessä.`}},ru:{editor:{entry_id:`Система отопления`,entry_id_help:`Оставьте пустым, чтобы использовать первую систему отопления.`,title:`Заголовок`,hide:`Скрыть`,read_only:`Только просмотр`},overview:{name:`Обзор отопления`,description:`Что греет сейчас и почему, сколько это стоит и экономит, следующие 24 часа и временные настройки.`,unavailable:`Система отопления не загружена.`,not_found:`Система отопления не найдена, или у вас нет прав на её просмотр.`,heats:`{names}: {power}`,heats_unknown:`{names}: идёт нагрев`,states:{off:`Управление отоплением выключено`,shadow:`Только моделирование`,starting:`Запуск`,frost:`Защита от замерзания`,blind:`Постоянная температура подачи`,commissioning:`Измерение источника тепла`,heating:`Нагрев`,limited:`Тепло нужно, но ограничено`,idle:`Тепло не требуется`},band:`Комфорт {low}–{high}`,outdoor:`На улице {value}`,failing:`Последний цикл управления завершился ошибкой. Значения ниже могут быть устаревшими.`,shadow:`Моделирование: так действовало бы управление отоплением. Ничего не управляется.`,off:`Управление отоплением выключено. Источники работают сами; план ниже не выполняется.`,cost_now:`Затраты сейчас`,electricity:`Электричество {price}`,no_price:`Цена электричества неизвестна`,saved:`Сэкономлено за {days}`,would_save:`Экономия за {days} составила бы`,interval:`С вероятностью 90 %: от {low} до {high}`,learning:`Изучение дома`,checking:`Проверка модели дома`,learning_left:`Первый план примерно через {left}`,learning_error:`Ошибка прогноза {error}; планирование начнётся ниже {limit}`,ladder:`Цена тепла сейчас`,price_unknown:`Цена неизвестна`,source:{heating:`Греет`,commanded:`Включён, ещё не греет`,own:`Греет самостоятельно`,failing:`Не отвечает`},reasons:{no_demand:`Тепло не требуется`,more_expensive:`Дороже`,not_needed:`Не требуется`,control_off:`Управление отоплением выключено`},plan:`Следующие 24 часа, план составлен в {time}`,no_plan:`Следующие 24 часа, плана пока нет`,chart:{label:`Время в следующие 24 часа`,now:`Сейчас`,room:`Комната`,heat:`Тепло`,price:`Цена электричества`,outdoor:`На улице`},limits:`Что ограничивает отопление`,profiles:{auto:`Авто`,comfort:`Комфорт`,eco:`Эко`,away:`Не дома`,antifreeze:`Защита от замерзания`},override:{title:`Временная настройка`,until:`{what} до {until}`,zone_until:`{zone}: {what} до {until}`,end:`Завершить`,end_all:`Завершить все`,temperature:`Температура`,colder:`Холоднее`,warmer:`Теплее`,duration:`Длительность`,set:`Установить`,profile:`Профиль`},parts:{figures:`Затраты и экономия`,ladder:`Цена тепла`,next_day:`Следующие 24 часа`,limits:`Ограничения`,override:`Временная настройка`}},curve:{name:`Кривая отопления`,description:`Кривую отопления можно перетащить или ввести; видны измеренные точки, предложенная кривая и подтверждение устройств.`,unavailable:`Система отопления не загружена.`,not_found:`Система отопления не найдена, или у вас нет прав на её просмотр.`,plot:`Температура подачи в зависимости от уличной`,outdoor_axis:`Уличная температура ({unit})`,slope:`Наклон`,level:`Уровень`,max_flow_c:`Макс. подача`,curve:`Кривая отопления`,draft:`Новая кривая отопления`,now:`Сейчас`,measured:`Измерено за неделю`,suggested:`Подходит изученному дому`,suggestion:`Предложение для вашего дома: наклон {slope}, уровень {level} (уверенность {confidence})`,use:`Применить`,devices:`Устройства, которые следуют кривой`,flow:`подача {value}`,status:{confirmed:`Подтверждено`,pending:`Ожидает подтверждения`,failed:`Не подтверждено`,off:`Не управляется`}},cop:{name:`COP`,description:`COP теплового насоса за сегодня, месяц и год, а также каждый час по уличной температуре с изученной линией.`,unavailable:`Система отопления не загружена.`,not_found:`Система отопления не найдена, или у вас нет прав на её просмотр.`,day:`Сегодня`,month:`Этот месяц`,season:`365 дней`,plot:`COP по уличной температуре`,at:`{cop} при {outdoor}`,hours:`Измеренные часы`,line:`Изучено, при температуре подачи по кривой отопления`,empty:`Измеренных часов пока нет`,empty_detail:`Электричество и тепло теплового насоса должны измеряться во время его работы.`}}},e),I=`proof-of-heat-cop-card`,L=()=>({type:`custom:${I}`}),R=e=>{for(let t of[`entry_id`,`title`]){let n=e[t];if(n!==void 0&&typeof n!=`string`)throw Error(`${t} must be a text`)}return e},ue=e=>({schema:[{name:`entry_id`,selector:{config_entry:{integration:`proof_of_heat`}}},{name:`title`,selector:{text:{}}}],computeLabel:({name:t})=>e(`editor.${t}`),computeHelper:({name:t})=>t===`entry_id`?e(`editor.entry_id_help`):void 0,assertConfig:e=>void R(e)}),de=[`day`,`month`,`season`],fe=6,z=26,pe=220,me=3,he=(e,t)=>{let n=e.filter(([e])=>Math.abs(e-t)<=me).map(([,e])=>e).sort((e,t)=>e-t);return n.length?n[Math.floor(n.length/2)]??null:null},ge=class extends r{constructor(...e){super(...e),this.texts=F,this.width=new a(this),this.live=new n(this,()=>this.config&&this.hass?{type:`proof_of_heat/cop/subscribe`,...this.config.entry_id&&{entry_id:this.config.entry_id}}:void 0)}static{this.getStubConfig=L}static{this.getConfigForm=()=>ue(T(F,D()))}static{this.styles=[s,l`
h2.title {
font-size: 18px;
color: var(--primary-text-color);
margin: 0;
}
.sums {
display: grid;
grid-template-columns: repeat(auto-fit, minmax(84px, 1fr));
gap: 8px;
}
.sums div {
padding: 10px 14px;
border-radius: 12px;
background: var(--soft);
}
.sums span {
display: block;
font-size: 12px;
color: var(--muted);
}
.sums strong {
font-size: 20px;
font-weight: 500;
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
.legend .dots {
width: 7px;
height: 7px;
border-radius: 50%;
background: var(--blue-color);
}
.legend .line {
width: 16px;
border-top: 3px solid var(--heat);
}
`]}readConfig(e){return R(e)}getCardSize(){return 6}getGridOptions(){return{columns:12,min_columns:6}}render(){let{hass:e,localize:t}=this,n=this.live.data;return!e||!n?.available?b`<ha-card>${j(this.live.state,t,`cop`)}</ha-card>`:b`
<ha-card>
<h2 class="title">${this.config?.title??t(`cop.name`)}</h2>
<div class="sums">
${de.map(r=>b`<div><span>${t(`cop.${r}`)}</span><strong>${m(n[r],e.locale,1)}</strong></div>`)}
</div>
${n.hours.length<fe&&!n.line.length?oe(`mdi:chart-scatter-plot`,t(`cop.empty`),t(`cop.empty_detail`)):this.plot(n,e)}
</ha-card>
`}summary(e,t){let n=e.hours.map(([e])=>e);if(!n.length)return this.localize(`cop.plot`);let r=[Math.min(...n),Math.max(...n)].map(n=>this.localize(`cop.at`,{outdoor:`${m(P(t,n),t.locale)} ${x(t)?`°F`:`°C`}`,cop:m(he(e.hours,n),t.locale,1)}));return`${this.localize(`cop.plot`)}: ${r.join(`, `)}`}plot(e,t){let{localize:n}=this,r=this.width.inside(),i=[...e.hours,...e.hours.length?[]:e.line].map(([e])=>e),a=Math.min(-5,Math.floor(Math.min(...i))),o=Math.max(12,Math.ceil(Math.max(...i))),s=Math.max(5,...e.hours.map(([,e])=>e),...e.line.map(([,e])=>e))+.3,c=w(a,o,z,r-8),l=w(0,s,184,8),u=e.line.filter(([e])=>e>=a&&e<=o);return b`
<svg width=${r} height=${pe} role="img" aria-label=${this.summary(e,t)}>
${N(0,s,5).map(e=>M`
<line x1=${z} x2=${r-8} y1=${l(e)} y2=${l(e)} stroke="var(--line)" />
<text x=${20} y=${l(e)+4} text-anchor="end">${m(e,t.locale)}</text>`)}
${N(a,o,r<320?4:7).map(e=>M`<text x=${c(e)} y=${199} text-anchor="middle">${m(P(t,e),t.locale)}</text>`)}
<text x=${z} y=${216}>${n(`curve.outdoor_axis`,{unit:x(t)?`°F`:`°C`})}</text>
${S(e.outdoor_c)&&e.outdoor_c>=a&&e.outdoor_c<=o?M`<line x1=${c(e.outdoor_c)} x2=${c(e.outdoor_c)} y1="8" y2=${184} stroke="var(--primary-color)" stroke-dasharray="2 3" />`:E}
${e.hours.map(([e,t])=>M`<circle cx=${c(e)} cy=${l(t)} r="3" fill="var(--blue-color)" opacity="0.45" />`)}
${u.length?M`<path d=${O(u.map(([e,t])=>[c(e),l(t)]))} fill="none" stroke="var(--heat)" stroke-width="3" stroke-linecap="round" />`:E}
</svg>
<div class="legend">
${e.hours.length?b`<span><i class="dots"></i>${n(`cop.hours`)}</span>`:E}
${u.length?b`<span><i class="line"></i>${n(`cop.line`)}</span>`:E}
</div>
`}},B=`proof-of-heat-curve-card`,V={slope:.05,level:1,max_flow_c:1},H=()=>({type:`custom:${B}`}),U=e=>{for(let t of[`entry_id`,`title`]){let n=e[t];if(n!==void 0&&typeof n!=`string`)throw Error(`${t} must be a text`)}if(e.read_only!==void 0&&typeof e.read_only!=`boolean`)throw Error(`read_only must be true or false`);return e},_e=e=>({schema:[{name:`entry_id`,selector:{config_entry:{integration:`proof_of_heat`}}},{name:`title`,selector:{text:{}}},{name:`read_only`,selector:{boolean:{}}}],computeLabel:({name:t})=>e(`editor.${t}`),computeHelper:({name:t})=>t===`entry_id`?e(`editor.entry_id_help`):void 0,assertConfig:e=>void U(e)}),W=-20,G=20,ve=-12,K=12,q=34,J=36,ye=10,Y=10,be=class extends t{constructor(...e){super(...e),this.width=new a(this),this.onDown=(e,t)=>{this.locked||e.button>0||(e.currentTarget.setPointerCapture?.(e.pointerId),this.grippedAt=this.slopeAt,this.dragged=t)},this.onMove=e=>{if(!this.dragged)return;let t=this.shadowRoot?.querySelector(`svg`)?.getBoundingClientRect();if(!t)return;let{height:n}=this.scales(),r=w(n-J,ye,15,this.top)(e.clientY-t.top);this.emit(this.dragged,this.valueAt(this.dragged,r))},this.onUp=()=>{this.dragged=void 0,this.grippedAt=void 0},this.onKey=(e,t)=>{let[n,r]=this.data.ranges[t],i=V[t],a=this.values[t],o={ArrowUp:a+i,ArrowRight:a+i,ArrowDown:a-i,ArrowLeft:a-i,PageUp:a+5*i,PageDown:a-5*i,Home:n,End:r}[e.key];o===void 0||this.locked||(e.preventDefault(),this.emit(t,o))}}static{this.properties={hass:{attribute:!1},data:{attribute:!1},values:{attribute:!1},changed:{type:Boolean},locked:{type:Boolean},localize:{attribute:!1},dragged:{state:!0}}}static{this.styles=[s,l`
:host {
height: auto;
}
.handle {
cursor: ns-resize;
touch-action: none;
outline: none;
}
.handle .hit {
fill: transparent;
}
.handle .knob {
fill: var(--card-background-color);
stroke: var(--heat);
stroke-width: 3;
}
.handle:hover .knob,
.handle.dragged .knob {
fill: var(--heat);
}
.handle:focus-visible .ring {
stroke: var(--primary-color);
}
.ring {
fill: none;
stroke: transparent;
stroke-width: 2;
}
.grid {
stroke: var(--line);
}
svg text.present {
fill: var(--primary-text-color);
font-weight: 500;
stroke: var(--card-background-color);
stroke-width: 4px;
paint-order: stroke;
}
svg text.axis {
font-size: 12px;
}
`]}get top(){let{data:e,values:t}=this,n=[t.max_flow_c,e.max_flow_c,...e.measured.map(([,e])=>e)];return Math.ceil((Math.max(45,...n)+3)/5)*5}scales(){let e=this.width.inside(0),t=Math.round(c(e*.62,200,320));return{x:w(W,G,q,e-Y),y:w(15,this.top,t-J,ye),width:e,height:t}}emit(e,t){let n=A(t,V[e],this.data.ranges[e]);n!==this.values[e]&&this.dispatchEvent(new CustomEvent(`value`,{detail:{field:e,value:n}}))}valueAt(e,t){let{values:n,data:r}=this;return e===`slope`?se(t,this.slopeAt,n.level,r.room_c):e===`level`?ae(t,K,n.slope,r.room_c):t}get slopeAt(){if(this.grippedAt!==void 0)return this.grippedAt;let{values:e,data:t}=this;for(let n=ve;n<4;n+=1)if(u(n,e.slope,e.level,t.room_c)<e.max_flow_c-.5)return n;return 4}flowOf(e){let{values:t,data:n}=this;return e===`max_flow_c`?t.max_flow_c:u(e===`slope`?this.slopeAt:K,t.slope,t.level,n.room_c,t.max_flow_c)}render(){let{data:e,values:t,localize:n,hass:r}=this,{x:i,y:a,width:o,height:s}=this.scales(),c=(t,n,r)=>O(Array.from({length:41},(o,s)=>{let c=W+s;return[i(c),a(u(c,t,n,e.room_c,r))]})),{suggestion:l}=e;return b`
<svg width=${o} height=${s} role="group" aria-label=${n(`curve.plot`)}>
${this.grid(i,a,o,s)}
${e.measured.map(([e,t])=>e>=W&&e<=G?M`<circle cx=${i(e)} cy=${a(t)} r="2.5" fill="var(--muted)" opacity="0.35" />`:E)}
${this.changed?M`<path d=${c(e.slope,e.level,e.max_flow_c)} fill="none" stroke="var(--muted)" stroke-width="2" />`:E}
${l?M`<path d=${c(l.slope,l.level,t.max_flow_c)} fill="none" stroke="var(--success-color, var(--green-color))" stroke-width="2" stroke-dasharray="6 4" />`:E}
<line x1=${q} x2=${o-Y} y1=${a(t.max_flow_c)} y2=${a(t.max_flow_c)} stroke="var(--warning-color)" stroke-dasharray="2 4" />
<path d=${c(t.slope,t.level,t.max_flow_c)} fill="none" stroke="var(--heat)" stroke-width="3" stroke-linecap="round" />
${S(e.outdoor_c)&&S(e.setpoint_c)?this.present(e.outdoor_c,e.setpoint_c,i,a,s):E}
${this.locked?E:[`max_flow_c`,`slope`,`level`].map(e=>this.handle(e,i,a))}
<text class="axis" x=${q} y=${s-4}>${n(`curve.outdoor_axis`,{unit:x(r)?`°F`:`°C`})}</text>
</svg>
`}grid(e,t,n,r){let{hass:i}=this,a=e=>m(P(i,e),i.locale);return[...N(20,this.top,5).map(e=>M`
<line class="grid" x1=${q} x2=${n-Y} y1=${t(e)} y2=${t(e)} />
<text x=${28} y=${t(e)+4} text-anchor="end">${a(e)}</text>`),...N(W,G,n<300?4:8).map(t=>M`
<text x=${e(t)} y=${r-J+14} text-anchor="middle">${a(t)}</text>`)]}present(e,t,n,r,i){let{hass:a}=this,o=n(c(e,W,G)),s=`${v(a,t,0)} · ${v(a,e,0)}`,l=e>5;return M`
<line x1=${o} x2=${o} y1=${r(t)} y2=${i-J} stroke="var(--primary-color)" stroke-dasharray="2 3" />
<circle cx=${o} cy=${r(t)} r="5" fill="var(--primary-color)" />
<text x=${o+(l?-9:9)} y=${r(t)+16} class="present" text-anchor=${l?`end`:`start`}>${s}</text>
`}handle(e,t,n){let{data:r,values:i,localize:a,hass:o}=this,[s,c]=r.ranges[e],l=e===`max_flow_c`?t(G)-12:t(e===`slope`?this.slopeAt:K),u=n(this.flowOf(e));return M`
<g
class=${`handle ${e} ${this.dragged===e?`dragged`:``}`}
role="slider"
tabindex="0"
aria-label=${a(`curve.${e}`)}
aria-orientation="vertical"
aria-valuemin=${s}
aria-valuemax=${c}
aria-valuenow=${i[e]}
aria-valuetext=${e===`max_flow_c`?v(o,i[e],0):m(i[e],o.locale,e===`slope`?2:0)}
@keydown=${t=>this.onKey(t,e)}
@pointerdown=${t=>this.onDown(t,e)}
@pointermove=${this.onMove}
@pointerup=${this.onUp}
@pointercancel=${this.onUp}
>
<circle class="hit" cx=${l} cy=${u} r="22" />
<circle class="ring" cx=${l} cy=${u} r="13" />
<circle class="knob" cx=${l} cy=${u} r="7" />
</g>
`}};customElements.get(`proof-of-heat-curve-plot`)||customElements.define(`proof-of-heat-curve-plot`,be);var xe=[`slope`,`level`,`max_flow_c`],Se={confirmed:`mdi:check-circle-outline`,pending:`mdi:timer-sand`,failed:`mdi:alert-circle-outline`},Ce=class extends r{constructor(...e){super(...e),this.answered=new Map,this.texts=F,this.live=new n(this,()=>this.config&&this.hass?{type:`proof_of_heat/curve/subscribe`,language:this.hass.locale.language,...this.config.entry_id&&{entry_id:this.config.entry_id}}:void 0)}static{this.properties={...r.properties,draft:{state:!0},saving:{state:!0},notice:{state:!0}}}static{this.getStubConfig=H}static{this.getConfigForm=()=>_e(T(F,D()))}static{this.styles=[s,l`
.header {
display: flex;
justify-content: space-between;
gap: 12px;
align-items: baseline;
}
.header h2 {
font-size: 18px;
color: var(--primary-text-color);
margin: 0;
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
width: 6px;
height: 6px;
border: 0;
border-radius: 50%;
background: var(--muted);
}
.legend .now {
width: 9px;
height: 9px;
border: 0;
border-radius: 50%;
background: var(--primary-color);
}
.legend .fit {
border-top: 2px dashed var(--success-color, var(--green-color));
}
.fields {
display: grid;
grid-template-columns: repeat(auto-fit, minmax(92px, 1fr));
gap: 8px;
}
label {
font-size: 12px;
color: var(--muted);
display: grid;
gap: 4px;
align-content: end;
}
input[type="number"] {
width: 100%;
font-size: 16px;
color: var(--primary-text-color);
padding: 0 10px;
}
.box {
display: flex;
gap: 12px;
align-items: center;
justify-content: space-between;
flex-wrap: wrap;
padding: 8px 8px 8px 14px;
border-radius: 12px;
background: var(--soft);
}
.box p {
flex: 1 1 180px;
}
.save {
display: flex;
gap: 8px;
align-items: center;
min-height: 40px;
}
.save span {
flex: 1;
color: var(--muted);
}
.save .conflict,
.save .error {
color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color));
}
ul {
list-style: none;
margin: 0;
padding: 0;
}
li {
display: flex;
flex-wrap: wrap;
gap: 0 10px;
padding: 4px 0;
align-items: center;
}
li ha-icon {
--mdc-icon-size: 18px;
color: var(--muted);
}
li.confirmed ha-icon {
color: color-mix(in srgb, var(--success-color, var(--green-color)) 60%, var(--primary-text-color));
}
li.failed ha-icon {
color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color));
}
li .name {
flex: 1 1 120px;
min-width: 0;
overflow: hidden;
text-overflow: ellipsis;
white-space: nowrap;
}
`]}readConfig(e){return U(e)}getCardSize(){return 8}getGridOptions(){return{columns:12,min_columns:6}}change(e,t,n){let r={...this.draft??{slope:e.slope,level:e.level,max_flow_c:e.max_flow_c,revision:e.revision},[t]:A(n,V[t],e.ranges[t])},i=xe.some(t=>r[t]!==e[t]);this.draft=i||r.revision!==e.revision?r:void 0,this.notice=void 0}undo(){this.draft=void 0,this.notice=void 0}async save(e){let{draft:t,hass:n}=this;if(t&&n&&!this.saving){this.saving=!0,this.notice=void 0,this.answered=new Map(e.devices.map(({name:e,command_id:t})=>[e,t]));try{await n.callWS({type:`proof_of_heat/curve/set`,entry_id:e.entry_id,...t}),this.draft=void 0,this.notice={kind:`saved`,text:this.localize(`common.saved`)}}catch(e){let t=C(e)?e.code:``,n=C(e)?e.message:String(e);this.notice=t===`conflict`?{kind:`conflict`,text:this.localize(`common.conflict`)}:{kind:`error`,text:n}}finally{this.saving=!1}}}render(){let{hass:e}=this,t=this.live.data;if(!e||!t?.available)return b`<ha-card>${j(this.live.state,this.localize,`curve`)}</ha-card>`;let{localize:n}=this,r=this.draft??t,i=!t.can_control||this.config?.read_only===!0;return b`
<ha-card>
<div class="header"><h2>${this.config?.title??n(`curve.name`)}</h2></div>
<proof-of-heat-curve-plot
.hass=${e}
.data=${t}
.values=${r}
?changed=${this.draft!==void 0}
?locked=${i}
.localize=${n}
@value=${e=>this.change(t,e.detail.field,e.detail.value)}
></proof-of-heat-curve-plot>
${this.legend(t)} ${this.fields(t,r,i)} ${this.suggestion(t,r,i)}
${i?this.locked(t):this.footer(t)} ${this.devices(t)}
</ha-card>
`}legend(e){let{localize:t}=this;return b`
<div class="legend">
<span><i></i>${t(this.draft?`curve.draft`:`curve.curve`)}</span>
${S(e.outdoor_c)&&S(e.setpoint_c)?b`<span><i class="now"></i>${t(`curve.now`)}</span>`:E}
${e.measured.length?b`<span><i class="dots"></i>${t(`curve.measured`)}</span>`:E}
${e.suggestion?b`<span><i class="fit"></i>${t(`curve.suggested`)}</span>`:E}
</div>
`}fields(e,t,n){let{hass:r,localize:i}=this;if(!r)return b``;let a=x(r);return b`
<div class="fields">
${xe.map(o=>{let s=o===`level`&&a?1.8:1,c=e=>o===`max_flow_c`?P(r,e):e*s,l=e=>o===`max_flow_c`?y(r,e):e/s,u=o===`slope`?``:o===`level`?` (${a?`°F`:`K`})`:` (${a?`°F`:`°C`})`,[ee,d]=e.ranges[o],f=Number(c(t[o]).toFixed(2));return b`<label>
${i(`curve.${o}`)}${u}
<input
type="number"
name=${o}
step=${a&&o!==`slope`?`any`:V[o]}
min=${c(ee)}
max=${c(d)}
.value=${String(f)}
?disabled=${n}
@change=${t=>{let n=t.target,r=Number(n.value);n.value!==``&&Number.isFinite(r)&&this.change(e,o,l(r)),this.requestUpdate()}}
/>
</label>`})}
</div>
`}suggestion(e,t,n){let{hass:r,localize:i}=this,{suggestion:a}=e;return!r||!a||a.slope===t.slope&&a.level===t.level?E:b`
<div class="box">
<p>
${i(`curve.suggestion`,{slope:m(a.slope,r.locale,2),level:f(r,a.level,0),confidence:h(a.confidence*100,r.locale)})}
</p>
${n?E:b`<button
class="action use"
@click=${()=>{this.change(e,`slope`,a.slope),this.change(e,`level`,a.level)}}
>
${i(`curve.use`)}
</button>`}
</div>
`}locked(e){return e.can_control?E:b`<p class="muted">${this.localize(`common.read_only`)}</p>`}footer(e){let{localize:t,draft:n}=this,r=n!==void 0&&n.revision!==e.revision,i=r?{kind:`conflict`,text:t(`common.conflict`)}:this.notice??(n?{kind:`draft`,text:t(`common.unsaved`)}:{kind:``,text:``});return!i.text&&!this.saving?b``:b`
<div class="save">
<span class=${i.kind} role="status">${this.saving?t(`common.saving`):i.text}</span>
${n?b`
<button class="action undo" ?disabled=${!!this.saving} @click=${()=>this.undo()}>
${t(r?`common.load_changes`:`common.undo`)}
</button>
${r?E:b`<button class="action main" ?disabled=${!!this.saving} @click=${()=>void this.save(e)}>${t(`common.save`)}</button>`}
`:E}
</div>
`}devices(e){let{localize:t}=this;return e.devices.length?b`
<section>
<h2>${t(`curve.devices`)}</h2>
<ul>
${e.devices.map(t=>this.device(t,e.active))}
</ul>
</section>
`:E}device(e,t){let{hass:n,localize:r}=this;if(!n)return b``;let i=this.answered.has(e.name)&&this.answered.get(e.name)===e.command_id,a=t?i?`pending`:e.status??`pending`:`off`,o=a===`failed`&&e.reason?e.reason.charAt(0).toLocaleUpperCase()+e.reason.slice(1):r(`curve.status.${a}`),s=S(e.flow_c)?` · ${r(`curve.flow`,{value:v(n,e.flow_c)})}`:``;return b`
<li class=${a}>
<ha-icon icon=${Se[a]??`mdi:power`}></ha-icon>
<span class="name">${e.name}</span>
<span class="muted">${o}${s}</span>
</li>
`}},we=`proof-of-heat-overview-card`,X=[`figures`,`ladder`,`next_day`,`limits`,`override`],Te={heating:`mdi:fire`,limited:`mdi:fire-alert`,idle:`mdi:leaf`,off:`mdi:power`,shadow:`mdi:eye-outline`,starting:`mdi:timer-sand`,commissioning:`mdi:ruler`,frost:`mdi:snowflake-alert`,blind:`mdi:thermometer-off`},Ee={heat_pump:`mdi:heat-pump-outline`,boiler:`mdi:water-boiler`,miner:`mdi:bitcoin`,direct_electric:`mdi:radiator`,controller:`mdi:tune`},De={heat_pump:`var(--blue-color)`,boiler:`var(--deep-orange-color)`,miner:`var(--amber-color)`,direct_electric:`var(--red-color)`,controller:`var(--purple-color)`},Oe=()=>({type:`custom:${we}`}),ke=e=>{for(let t of[`entry_id`,`title`]){let n=e[t];if(n!==void 0&&typeof n!=`string`)throw Error(`${t} must be a text`)}let t=e.hide??[];if(!Array.isArray(t))throw Error(`hide must be a list`);for(let e of t)if(!X.includes(e))throw Error(`hide: ${String(e)} is not one of ${X.join(`, `)}`);return e},Ae=e=>({schema:[{name:`entry_id`,selector:{config_entry:{integration:`proof_of_heat`}}},{name:`title`,selector:{text:{}}},{name:`hide`,selector:{select:{multiple:!0,mode:`list`,options:X.map(t=>({value:t,label:e(`overview.parts.${t}`)}))}}}],computeLabel:({name:t})=>e(`editor.${t}`),computeHelper:({name:t})=>t===`entry_id`?e(`editor.entry_id_help`):void 0,assertConfig:e=>void ke(e)}),je=new Set([`failing`,`auth`]),Me=e=>je.has(e.health)?`failing`:e.heating?e.commanded?`heating`:`own`:e.commanded?`commanded`:`waiting`,Ne=e=>{let t=new Map;return new Map(e.map(({id:e,kind:n})=>{let r=t.get(n)??0;t.set(n,r+1);let i=De[n]??`var(--teal-color)`;return[e,r?`color-mix(in srgb, ${i} ${c(100-35*r,30,100)}%, var(--card-background-color))`:i]}))},Pe=e=>{let t=Ne(e),n=e.map(({price_kwh:e})=>e).filter(S),r=Math.min(0,...n),i=Math.max(0,...n)-r||1,a=e=>(e-r)/i*100;return[...e].sort((e,t)=>(e.price_kwh??1/0)-(t.price_kwh??1/0)||e.name.localeCompare(t.name)).map(e=>({source:e,color:t.get(e.id)??``,status:Me(e),bar:S(e.price_kwh)?{left:a(Math.min(0,e.price_kwh)),width:Math.abs(e.price_kwh)/i*100}:null}))},Fe=(e,t)=>{if(e.reason_text){let t=`${e.name}: `,n=e.reason_text.startsWith(t)?e.reason_text.slice(t.length):e.reason_text;return n.charAt(0).toLocaleUpperCase()+n.slice(1)}if(!e.reason)return``;let n=t(`overview.reasons.${e.reason}`);return n.startsWith(`overview.`)?``:n},Ie=(e,t)=>{let n=t+e.age_steps;return e.begin.findIndex((t,r)=>n>=t&&n<(e.end[r]??t))},Le=(e,t,n)=>{let r=t+e.age_steps,i=[e.age_steps,n];for(let t=0;t<e.end.length;t+=1){let n=e.end[t]??0,a=e.room_c[t];if(a===void 0)return null;if(r<=n)return i[1]===null||n===i[0]?a:i[1]+(r-i[0])/(n-i[0])*(a-i[1]);i=[n,a]}return null},Re=(e,t)=>{let n=Ie(e,t);return n<0?null:Object.values(e.heat_w).reduce((e,t)=>e+(t[n]??0),0)},Z=(e,t,n)=>{let r=Math.floor(t),i=e=>e[r]??null;return{time:new Date(Date.parse(e.start)+t*e.step_s*1e3),price:i(e.price_kwh),priceKnown:r<e.known_steps,outdoor:i(e.outdoor_c),lower:i(e.lower_c),upper:i(e.upper_c),room:e.plan?Le(e.plan,t,n):null,heat:e.plan?Re(e.plan,t):null}},Q=(...e)=>{let t=e.flat().filter(S);return t.length?[Math.min(...t),Math.max(...t)]:null},ze=26,Be={room:64,heat:44,price:40,outdoor:30},Ve=18,He=class extends t{constructor(...e){super(...e),this.width=new a(this),this.onPointer=e=>{let t=e.currentTarget.getBoundingClientRect();t.width>0&&this.move((e.clientX-t.left)/t.width*this.count-.5)},this.onKey=e=>{let t=this.step??0,n={ArrowLeft:t-1,ArrowDown:t-1,ArrowRight:t+1,ArrowUp:t+1,PageDown:t-4,PageUp:t+4,Home:0,End:this.count-1}[e.key];n!==void 0&&(e.preventDefault(),this.move(n))}}static{this.properties={hass:{attribute:!1},day:{attribute:!1},roomNow:{attribute:!1},currency:{attribute:!1},colors:{attribute:!1},localize:{attribute:!1},shadow:{type:Boolean,reflect:!0},step:{state:!0}}}static{this.styles=[s,l`
:host {
height: auto;
}
.chart {
position: relative;
touch-action: pan-y;
cursor: crosshair;
border-radius: 8px;
}
.title {
font-size: 12px;
fill: var(--muted);
}
.readout {
display: flex;
flex-wrap: wrap;
gap: 2px 14px;
min-height: 20px;
margin-bottom: 6px;
font-size: 12px;
color: var(--muted);
}
.readout b {
color: var(--primary-text-color);
font-weight: 500;
}
.shadowed {
stroke-dasharray: 3 3;
}
`]}get count(){return this.day.lower_c.length}move(e){this.step=c(Math.round(e),0,this.count-1)}facts(){let{hass:e,localize:t}=this,n=Z(this.day,this.step??0,this.roomNow);return[[`room`,S(n.room)?v(e,n.room):null],[`heat`,S(n.heat)?g(n.heat,e.locale):null],[`price`,S(n.price)?(n.priceKnown?``:`≈ `)+_(n.price,this.currency,e.locale):null],[`outdoor`,S(n.outdoor)?v(e,n.outdoor):null]].flatMap(([e,n])=>n===null?[]:[[t(`overview.chart.${e}`),n]])}render(){let{hass:e,localize:t}=this,n=this.width.inside(0),r=w(0,this.count,0,n),i=this.panels(n,r),a=i[i.length-1],o=a?a.top+a.height:0,s=re(e,Z(this.day,this.step??0,null).time),c=this.facts();return b`
<div class="readout" aria-hidden="true">
<b>${this.step===null||this.step===void 0?t(`overview.chart.now`):s}</b>
${c.map(([e,t])=>b`<span>${e} <b>${t}</b></span>`)}
</div>
<div
class="chart"
role="slider"
tabindex="0"
aria-label=${t(`overview.chart.label`)}
aria-valuemin="0"
aria-valuemax=${this.count-1}
aria-valuenow=${this.step??0}
aria-valuetext=${`${s}: ${c.map(e=>e.join(` `)).join(`, `)}`}
@keydown=${this.onKey}
@pointermove=${this.onPointer}
@pointerdown=${this.onPointer}
@pointerleave=${()=>{this.step=null}}
>
<svg width=${n} height=${o+Ve} aria-hidden="true">
${this.axis(r,o)}
${i.map(e=>this.panel(e,n))}
${S(this.step)?M`<line x1=${r(this.step+.5)} x2=${r(this.step+.5)} y1="12" y2=${o} stroke="var(--primary-text-color)" stroke-width="1" opacity="0.6" />`:E}
</svg>
</div>
`}panels(e,t){let{day:n,hass:r}=this,i=[],a=e=>v(r,e,0),o=Q(n.lower_c,n.upper_c,n.plan?.room_c??[],[this.roomNow]);o&&i.push({key:`room`,values:[o[0]-.2,o[1]+.2],format:a,draw:e=>this.drawRoom(t,e(o[0]-.2,o[1]+.2))});let s=this.stacked();s&&i.push({key:`heat`,values:[0,s],format:e=>g(e,r.locale),draw:e=>this.drawHeat(t,e(0,s))});let c=Q(n.price_kwh);if(c){let n=Math.min(0,c[0]),a=c[1]>n?c[1]:n+.1;i.push({key:`price`,values:[n,a],format:e=>_(e,this.currency,r.locale),draw:r=>this.drawPrice(t,r(n,a),r(n,a)(0),e)})}let l=Q(n.outdoor_c);if(l){let[e,r]=l[1]-l[0]<2?[l[0]-1,l[1]+1]:l;i.push({key:`outdoor`,values:[e,r],format:a,draw:i=>this.drawLine(n.outdoor_c,t,i(e,r))})}let u=20;return i.map(e=>{let t={...e,top:u,height:Be[e.key]};return u+=t.height+ze,t})}panel(e,t){let n=e.top+e.height,r=this.localize(`overview.chart.${e.key}`),[i,a]=e.values??[0,0],o=i===0||e.key===`heat`?e.format(a):`${e.format(i)} – ${e.format(a)}`;return M`
<text class="title" x="0" y=${e.top-7}>${r}</text>
<text x=${t} y=${e.top-7} text-anchor="end">${o}</text>
<line x1="0" x2=${t} y1=${n} y2=${n} stroke="var(--line)" />
${e.draw((t,r)=>w(t,r,n,e.top))}
`}axis(e,t){let{hass:n,day:r}=this,i=3600/r.step_s,a=Date.parse(r.start),o=this.width.inside(0)<300?6:this.width.inside(0)<520?4:3,s=[];for(let r=1;r<=24;r+=1){let c=new Date(Math.ceil(a/36e5)*36e5+(r-1)*36e5);if(ie(n,c)%o)continue;let l=e((c.getTime()-a)/36e5*i);if(l<0||l>e(this.count))continue;let u=l<14?`start`:l>e(this.count)-14?`end`:`middle`;s.push(M`
<line x1=${l} x2=${l} y1="12" y2=${t} stroke="var(--line)" opacity="0.5" />
<text x=${l} y=${t+14} text-anchor=${u}>${d(n,c)}</text>
`)}return s}drawRoom(e,t){let{day:n}=this,r=n=>ce(n.map(e=>e??0),e,t),i=[];if(n.plan)for(let r=0;r<=this.count;r+=1){let{room:a}=Z(n,Math.min(r,this.count-.01),this.roomNow);i.push(S(a)?[e(r),t(a)]:null)}return M`
<path d=${o(r(n.upper_c),r(n.lower_c))} fill="var(--success-color, var(--green-color))" opacity="0.16" />
${i.length?M`<path class=${this.shadow?`shadowed`:``} d=${O(i)} fill="none" stroke="var(--heat)" stroke-width="2" stroke-linejoin="round" />`:E}
${S(this.roomNow)?M`<circle cx="0" cy=${t(this.roomNow)} r="4" fill="var(--heat)" />`:E}
`}stacked(){let{plan:e}=this.day;return e?Math.max(...e.begin.map((t,n)=>Object.values(e.heat_w).reduce((e,t)=>e+(t[n]??0),0)),0):0}drawHeat(e,t){let{plan:n}=this.day;return n?n.begin.flatMap((r,i)=>{let a=e(Math.max(0,r-n.age_steps)),o=e(Math.min(this.count,(n.end[i]??r)-n.age_steps)),s=0;return Object.entries(n.heat_w).flatMap(([e,n])=>{let r=n[i]??0;if(r<1||o<=a)return[];let c=t(s+r),l=t(s)-c;s+=r;let u=this.colors.get(e)??`var(--heat)`;return[M`<rect x=${a} y=${c} width=${Math.max(1,o-a-1)} height=${l} rx="1" fill=${this.shadow?`none`:u} stroke=${this.shadow?u:`none`} />`]})}):[]}drawPrice(e,t,n,r){let{day:i}=this,a=i.price_kwh.map(e=>e??0),s=ce(a,e,t),l=c(i.known_steps,0,a.length)*2,u=s.slice(Math.max(0,l-1));return M`
<path d=${o(s,[[0,n],[r,n]])} fill="var(--info-color, var(--primary-color))" opacity="0.12" />
<path d=${O(s.slice(0,l))} fill="none" stroke="var(--info-color, var(--primary-color))" stroke-width="1.5" />
<path d=${O(u)} fill="none" stroke="var(--info-color, var(--primary-color))" stroke-width="1.5" stroke-dasharray="2 3" opacity="0.7" />
`}drawLine(e,t,n){let r=e.map((e,r)=>S(e)?[t(r+.5),n(e)]:null);return M`<path d=${O(r)} fill="none" stroke="var(--muted)" stroke-width="1.5" stroke-linejoin="round" />`}},Ue=[1,2,3,6,12,24],We=[`comfort`,`eco`,`away`],Ge=5,Ke=28,qe=class extends t{static{this.properties={hass:{attribute:!1},data:{attribute:!1},localize:{attribute:!1},targetC:{state:!0},hours:{state:!0},busy:{state:!0},error:{state:!0}}}static{this.styles=[s,l`
:host {
height: auto;
}
.row {
display: flex;
flex-wrap: wrap;
gap: 8px;
align-items: center;
}
.active {
justify-content: space-between;
padding: 8px 8px 8px 14px;
border-radius: 12px;
background: var(--soft);
margin-bottom: 8px;
}
.stepper {
display: flex;
align-items: center;
border: 1px solid var(--line);
border-radius: 10px;
}
.stepper button {
width: 40px;
height: 40px;
border: 0;
background: none;
cursor: pointer;
font-size: 20px;
}
.stepper output {
min-width: 68px;
text-align: center;
font-weight: 500;
}
.row + .row:not(.active) {
margin-top: 8px;
}
.profiles button {
flex: 1;
}
select {
flex: 1 1 84px;
min-width: 0;
}
button.set {
padding: 0 12px;
}
.error {
color: color-mix(in srgb, var(--error-color) 70%, var(--primary-text-color));
margin-top: 8px;
}
.error:empty {
display: none;
}
.hint {
margin-top: 8px;
}
`]}get step(){return x(this.hass)?1:.5}get target(){let e=this.data.zones.map(e=>e.target_c).filter(S),t=this.targetC??(e.length?Math.max(...e):21),n=P(this.hass,t);return Math.round(n/this.step)*this.step}change(e){this.targetC=c(y(this.hass,this.target+e*this.step),Ge,Ke)}async call(e,t){this.busy=!0,this.error=void 0;try{await this.hass.callService(`proof_of_heat`,e,{config_entry_id:this.data.entry_id,...t}),this.targetC=void 0}catch(e){this.error=C(e)||e instanceof Error?e.message:String(e)}finally{this.busy=!1}}set(e){this.call(`override`,{...e,duration:{hours:this.hours??3}})}describe(e){let{hass:t,localize:n}=this,r=S(e.target_c)?v(t,e.target_c):n(`overview.profiles.${e.profile??`auto`}`),i=ne(t,e.until);return e.zone?n(`overview.override.zone_until`,{zone:e.zone,what:r,until:i}):n(`overview.override.until`,{what:r,until:i})}render(){let{data:e,localize:t,hass:n}=this,r=!e.can_control||!!this.busy,i=x(n)?`°F`:`°C`;return b`
<h2>${t(`overview.override.title`)}</h2>
${e.overrides.map(n=>b`
<div class="row active">
<span>${this.describe(n)}</span>
<button class="action end" ?disabled=${r} @click=${()=>void this.end(n)}>
${t(n.zone_id===null&&e.overrides.length>1?`overview.override.end_all`:`overview.override.end`)}
</button>
</div>
`)}
<div class="row">
<div class="stepper" role="group" aria-label=${t(`overview.override.temperature`)}>
<button class="down" aria-label=${t(`overview.override.colder`)} ?disabled=${r} @click=${()=>this.change(-1)}>−</button>
<output aria-live="polite">${m(this.target,n.locale,+(this.step<1))} ${i}</output>
<button class="up" aria-label=${t(`overview.override.warmer`)} ?disabled=${r} @click=${()=>this.change(1)}>+</button>
</div>
<select
aria-label=${t(`overview.override.duration`)}
?disabled=${r}
@change=${e=>{this.hours=Number(e.target.value)}}
>
${Ue.map(e=>b`<option value=${e} ?selected=${e===(this.hours??3)}>
${new Intl.NumberFormat(n.locale.language,{style:`unit`,unit:`hour`,unitDisplay:`long`}).format(e)}
</option>`)}
</select>
<button
class="action main set"
?disabled=${r}
@click=${()=>this.set({temperature:Math.round(y(n,this.target)*100)/100})}
>
${t(`overview.override.set`)}
</button>
</div>
<div class="row profiles" role="group" aria-label=${t(`overview.override.profile`)}>
${We.map(e=>b`<button class="action" ?disabled=${r} @click=${()=>this.set({profile:e})}>
${t(`overview.profiles.${e}`)}
</button>`)}
</div>
${e.can_control?E:b`<p class="muted hint">${t(`common.read_only`)}</p>`}
<p class="error" role="alert">${this.error??``}</p>
`}async end(e){await this.call(`clear_override`,e.entity_id?{entity_id:e.entity_id}:{})}},Je=(e,t)=>{customElements.get(e)||customElements.define(e,t)};Je(`proof-of-heat-next-day`,He),Je(`proof-of-heat-override`,qe);var Ye=class extends r{constructor(...e){super(...e),this.texts=F,this.live=new n(this,()=>this.config&&this.hass?{type:`proof_of_heat/overview/subscribe`,language:this.hass.locale.language,...this.config.entry_id&&{entry_id:this.config.entry_id}}:void 0)}static{this.getStubConfig=Oe}static{this.getConfigForm=()=>Ae(T(F,D()))}static{this.styles=[s,l`
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
.figures {
display: grid;
grid-template-columns: repeat(auto-fit, minmax(132px, 1fr));
gap: 8px;
}
.figure {
padding: 10px 14px;
border-radius: 12px;
background: var(--soft);
min-width: 0;
}
.figure span {
font-size: 12px;
color: var(--muted);
display: block;
}
.figure strong {
font-size: 18px;
font-weight: 500;
white-space: nowrap;
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
ul {
list-style: none;
margin: 0;
padding: 0;
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
overflow: hidden;
text-overflow: ellipsis;
white-space: nowrap;
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
@media (max-width: 460px) {
ha-card {
padding: 14px;
}
.who strong {
font-size: 16px;
}
.badge {
width: 36px;
height: 36px;
}
}
`]}readConfig(e){return ke(e)}getCardSize(){return 9}getGridOptions(){return{columns:12,min_columns:6}}shows(e){return!this.config?.hide?.includes(e)}render(){let e=this.live.state,t=this.live.data;return!this.hass||!t?.available?b`<ha-card>${j(e,this.localize,`overview`)}</ha-card>`:b`
<ha-card class=${t.shadow?`shadow`:``} style=${`--state-color:${this.stateColor(t)}`}>
${this.header(t)} ${this.banner(t)}
${this.shows(`figures`)?this.figures(t):E}
${this.shows(`ladder`)&&t.sources.length?this.ladder(t):E}
${this.shows(`next_day`)&&t.next_day?this.nextDay(t):E}
${this.shows(`limits`)&&(t.limits.length||t.notes.length)?this.limits(t):E}
${this.shows(`override`)&&t.active?b`<proof-of-heat-override .hass=${this.hass} .data=${t} .localize=${this.localize}></proof-of-heat-override>`:E}
</ha-card>
`}stateColor({state:e,failing:t}){if(t)return`var(--error-color)`;switch(e){case`heating`:return`var(--state-climate-heat-color, var(--deep-orange-color))`;case`limited`:return`var(--warning-color)`;case`frost`:return`var(--info-color)`;case`blind`:return`var(--error-color)`;case`idle`:return`var(--success-color, var(--green-color))`;case`off`:return`var(--secondary-text-color)`;default:return`var(--primary-color)`}}headline(e){let{hass:t,localize:n}=this;if(!t)return``;let r=e.sources.filter(({heating:e})=>e);if(!r.length)return n(`overview.states.${e.state}`);let i=te(r.map(({name:e})=>e),t.locale);return S(e.heat.value)?n(`overview.heats`,{names:i,power:(e.heat.estimated?`≈ `:``)+g(e.heat.value,t.locale)}):n(`overview.heats_unknown`,{names:i})}header(e){let t=this.hass;if(!t)return b``;let n=S(e.lower_c)&&S(e.upper_c);return b`
<div class="header">
<div class="badge"><ha-icon icon=${Te[e.state]??`mdi:radiator`}></ha-icon></div>
<div class="who">
${this.config?.title?b`<span class="why">${this.config.title}</span>`:E}
<strong>${this.headline(e)}</strong>
<p class="why">${e.text}</p>
</div>
<div class="room">
<strong>${v(t,e.room_c)}</strong>
${n?b`<span>${this.localize(`overview.band`,{low:m(P(t,e.lower_c??0),t.locale,1),high:v(t,e.upper_c)})}</span>`:E}
${S(e.outdoor_c)?b`<span>${this.localize(`overview.outdoor`,{value:v(t,e.outdoor_c)})}</span>`:E}
</div>
</div>
`}banner(e){let t=(e,t,n=``)=>b`
<div class=${`banner ${n}`} role="status">
<ha-icon icon=${e}></ha-icon>
<p>${this.localize(t)}</p>
</div>
`;return e.failing?t(`mdi:alert-circle`,`overview.failing`,`error`):e.shadow?t(`mdi:eye-outline`,`overview.shadow`):e.active?E:t(`mdi:power`,`overview.off`)}figures(e){let t=this.hass;if(!t)return b``;let{localize:n}=this,r=e.cost_h;return b`
<div class="figures">
<div class="figure">
<span>${n(`overview.cost_now`)}</span>
<strong>${S(r.value)?`${r.estimated?`≈ `:``}${p(r.value,e.currency,t.locale)}/h`:i}</strong>
<span>${S(e.price_kwh)?n(`overview.electricity`,{price:_(e.price_kwh,e.currency,t.locale)}):n(`overview.no_price`)}</span>
</div>
${this.savings(e)} ${e.learning.trusted?E:this.learning(e)}
</div>
`}savings(e){let t=this.hass,n=e.savings;if(!t||!n)return E;let{localize:r}=this,i=n=>p(n,e.currency,t.locale),a=new Intl.NumberFormat(t.locale.language,{style:`unit`,unit:`day`,unitDisplay:`long`}).format(n.days);return b`
<div class="figure">
<span>${r(n.simulated?`overview.would_save`:`overview.saved`,{days:a})}</span>
<strong>${i(n.saved)}${S(n.percent)?` · ${h(n.percent,t.locale)}`:``}</strong>
<span>${r(`overview.interval`,{low:i(n.low),high:i(n.high)})}</span>
</div>
`}learning(e){let t=this.hass;if(!t)return b``;let{localize:n}=this,{learning:r}=e,i=r.expected?(Date.parse(r.expected)-Date.parse(e.time))/1e3:0,a=r.learned?n(`overview.learning_error`,{error:f(t,r.error_k),limit:f(t,r.limit_k)}):n(`overview.learning_left`,{left:ee(Math.max(60,i),t.locale)});return b`
<div class="figure">
<span id="learning">${n(r.learned?`overview.checking`:`overview.learning`)}</span>
<progress max="100" value=${c(r.progress,0,100)} aria-labelledby="learning"></progress>
<span>${a}</span>
</div>
`}ladder(e){return b`
<section>
<h2>${this.localize(`overview.ladder`)}</h2>
<ul class="rungs">
${Pe(e.sources).map(t=>this.rung(t,e.currency))}
</ul>
</section>
`}rung({source:e,color:t,status:n,bar:r},i){let a=this.hass;if(!a)return b``;let{localize:o}=this,s=S(e.heat.value)?(e.heat.estimated?`≈ `:``)+g(e.heat.value,a.locale):``,c=n===`waiting`?[Fe(e,o)]:n===`failing`?[Fe(e,o)||o(`overview.source.failing`)]:[o(`overview.source.${n}`),n===`commanded`?``:s,...e.limits];return b`
<li class=${n} style=${`--source-color:${t}`}>
<ha-icon icon=${Ee[e.kind]??`mdi:radiator`}></ha-icon>
<span class="name">${e.name}</span>
<span class="price">${e.price_kwh===null?o(`overview.price_unknown`):_(e.price_kwh,i,a.locale)}</span>
<span class="track" aria-hidden="true">
${r?b`<i class="animated" style=${`left:${r.left}%;width:max(3px,${r.width}%)`}></i>`:E}
</span>
<span class="state">${c.filter(Boolean).join(` · `)}</span>
</li>
`}nextDay(e){let{localize:t,hass:n}=this;if(!n)return b``;let r=e.next_day?.plan?ne(n,e.next_day.plan.made*1e3):``;return b`
<section>
<h2>${e.next_day?.plan?t(`overview.plan`,{time:r}):t(`overview.no_plan`)}</h2>
<proof-of-heat-next-day
.hass=${this.hass}
.day=${e.next_day}
.roomNow=${e.room_c}
.currency=${e.currency}
.colors=${Ne(e.sources)}
.localize=${t}
?shadow=${e.shadow||!e.active}
></proof-of-heat-next-day>
</section>
`}limits(e){let t=(e,t,n)=>b`<li class=${t}><ha-icon icon=${n}></ha-icon><span>${e.charAt(0).toLocaleUpperCase()+e.slice(1)}</span></li>`;return b`
<section>
<h2>${this.localize(`overview.limits`)}</h2>
<ul class="limits">
${e.limits.map(e=>t(e,`limit`,`mdi:arrow-collapse-vertical`))}
${e.notes.map(e=>t(e,`note`,`mdi:information-outline`))}
</ul>
</section>
`}},Xe=new Set([`decision`,`cost_per_hour`,`demand`,`heat_power`,`savings`]),Ze=new Set([`cop_day`,`cop_month`,`cop_now`,`spf`]),Qe=new Set([`slope`,`level`,`max_flow`,`flow_setpoint`]),$=(e,t,n)=>{let r=e.entities[t];return r?.platform===`proof_of_heat`&&n.has(r.translation_key??``)};k({tag:we,element:Ye,texts:F,key:`overview`,docs:`cards.md#heating-overview`,suggest:(e,t)=>$(e,t,Xe)?Oe():null}),k({tag:B,element:Ce,texts:F,key:`curve`,docs:`cards.md#heating-curve`,suggest:(e,t)=>$(e,t,Qe)?H():null}),k({tag:I,element:ge,texts:F,key:`cop`,docs:`cards.md#cop`,suggest:(e,t)=>$(e,t,Ze)?L():null});