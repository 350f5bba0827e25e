import{$0 as e,$1 as t,$4 as n,$6 as r,$7 as i,$8 as a,$9 as o,$a as s,$b as c,$c as l,$d as u,$e as d,$f as f,$i as p,$j as ee,$k as te,$l as ne,$m as re,$n as ie,$o as m,$p as h,$q as g,$r as _,$s as v,$t as ae,$u as y,$v as b,$w as x,$x as S,$z as C,$11 as oe,$12 as w,$14 as T,$15 as E,$16 as se,$17 as ce,$18 as D,$19 as O,$1a as k,$1b as A,$1c as j,$1e as M,$1f as N,$1g as le,$1h as ue,$1i as P,$1k as de,$1l as F,$1m as I,$1n as L,$1o as fe}from"/heat_suite_static/runtime-4aed7898c21e.js";var R=fe({en:{editor:{entry_id:`Heating system`,entry_id_help:`Leave empty to use the first heating system.`,title:`Title`,hide:`Hide`,read_only:`Read only`,period:`Period shown first`},system:{unavailable:`The heating system is not loaded.`,not_found:`Heating system not found, or you have no permission to see it.`},overview:{name:`Heating overview`,description:`What heats now and why, what it costs and saves, the next 24 hours, and overrides.`,heats:`{names}: {power}`,heats_unknown:`{names} heats`,states:{off:`Heating control is off`,shadow:`Simulation only`,starting:`Starting`,frost:`Frost protection`,blind:`Fixed flow temperature`,commissioning:`Measuring the heat source`,heating:`Heating`,limited:`Heat needed, but limited`,idle:`No heat needed`},band:`Comfort {low}–{high}`,outdoor:`Outdoors {value}`,failing:`The last control cycle failed. The values below may be out of date.`,shadow:`Simulation: this is what heating control would do. Nothing is controlled.`,off:`Heating control is off. The sources run on their own; the plan below is not carried out.`,cost_now:`Cost now`,electricity:`Electricity {price}`,no_price:`Electricity price unknown`,saved:`Saved in {days}`,would_save:`Would have saved in {days}`,savings:`Savings`,savings_left:`After the first complete day, in about {left}`,interval:`90 % certain: {low} to {high}`,learning:`Learning the house`,checking:`Checking the learned house`,learning_left:`First plan in about {left}`,learning_error:`Prediction error {error}; planning starts below {limit}`,ladder:`Price of heat now`,price_unknown:`Price unknown`,source:{heating:`Heating`,commanded:`Switched on, not heating yet`,own:`Heating on its own`,failing:`Not responding`},reasons:{no_demand:`No heat needed`,more_expensive:`More expensive`,not_needed:`Not needed`,control_off:`Heating control is off`},plan:`Next 24 hours, planned at {time}`,no_plan:`Next 24 hours, no plan yet`,chart:{label:`Time in the next 24 hours`,now:`Now`,room:`Room`,heat:`Heat`,price:`Electricity price`,outdoor:`Outdoors`},limits:`What limits heating`,profiles:{auto:`Auto`,comfort:`Comfort`,eco:`Eco`,away:`Away`,antifreeze:`Frost protection`},override:{title:`Override`,until:`{what} until {until}`,zone_until:`{zone}: {what} until {until}`,end:`End`,end_all:`End all`,temperature:`Temperature`,colder:`Colder`,warmer:`Warmer`,duration:`Duration`,set:`Set`,profile:`Profile`},parts:{figures:`Cost and savings`,ladder:`Price of heat`,next_day:`Next 24 hours`,limits:`Limits`,override:`Override`},starting:`switched on`,demand:`Heat demand`,delivered:`Delivered {power}`},curve:{name:`Heating curve`,description:`Drag or type the heating curve, and see what the devices confirm.`,plot:`Flow temperature by outdoor temperature`,outdoor_axis:`Outdoor temperature ({unit})`,slope:`Slope`,level:`Level`,max_flow_c:`Maximum flow`,curve:`Heating curve`,draft:`New heating curve`,now:`Now`,measured:`Measured last week`,suggested:`Fits the learned house`,suggestion:`Suggested for your house: slope {slope}, level {level} (confidence {confidence})`,use:`Use`,devices:`Devices that follow the curve`,flow:`flow {value}`,status:{confirmed:`Confirmed`,pending:`Waiting for confirmation`,failed:`Not confirmed`,off:`Not controlled`}},cop:{name:`COP`,description:`COP of the heat pump: sums, and hours by outdoor temperature.`,day:`Today`,month:`This month`,season:`365 days`,plot:`COP by outdoor temperature`,at:`{cop} at {outdoor}`,hours:`Measured hours`,line:`Learned, at the flow temperature of the heating curve`,empty:`No measured hours yet`,waiting:`COP of today appears after the heat pump has run for about an hour.`,empty_detail:`Electricity and heat of the heat pump have to be measured while it runs.`},flow:{name:`Energy flow`,description:`Where the heat comes from and where it goes.`,period:`Period`,hour:`Hour`,day:`Day`,month:`Month`,earlier:`Earlier`,later:`Later`,cost:`Cost of heat`,revenue:`Mining revenue`,estimated:`Hatched and ≈: estimated, not measured`,unknown:`Not counted: {names}`,recorded_from:`Recorded from {time} on`,numbers:`Show as numbers`,empty:`Nothing was counted in this period`,empty_detail:`Energy appears about five minutes after it was reported.`,no_recorder:`Home Assistant does not record`,no_recorder_detail:`Add the recorder integration.`,nodes:{grid:`Grid`,solar:`Sun`,battery:`Battery`,electricity:`Electricity`,ambient:`Environment`,fuel:`Fuel`,unmetered:`Not metered`,rooms:`Rooms`,home:`Rooms and hot water`,hot_water:`Hot water`,unmeasured:`Heat not measured`,losses:`Losses`}},house:{name:`House report`,description:`What was learned of the house, and how certain it is.`,learning:`Learning the house`,learning_left:`First values in about {left}`,importing:`{days} recorded days were read.`,used:`Learned from {days}, used for planning`,checked:`Learned from {days}, not accurate enough for planning yet`,loss_w_k:`Heat loss`,time_constant_h:`Time constant`,solar_gain_m2:`Solar gain`,range:`95 % certain: {low} to {high}`,means:{loss_w_k:`{power} at {outdoor} outdoors`,time_constant_h:`Unheated, a third of the warmth is left after this time`,solar_gain_m2:`{power} in sunshine of 500 W/m²`},trend:`Heat loss over time`,drift_short:`A change is shown after three weeks.`,steady:`Unchanged within its uncertainty over {days} days ({change}, {percent})`,drifted:`Changed by {change} ({percent}) in {days} days. Check windows, doors and ventilation.`,backtest:`Test on a day that the model had not seen`,lead:`Ahead`,error:`Error of the model`,unchanged:`If the room stayed as it is`,limit:`Plans are used while the error is below {limit}.`,pump:`Heat pump at full load: {power} of electricity, COP {cop}`}},de:{packed:`Heizsystem
Leer lassen, um das erste Heizsystem zu verwenden.
Titel
Ausblenden
Nur anzeigen
Zuerst gezeigter Zeitraum
Das Heizsystem ist nicht geladen.
Heizsystem nicht gefunden, oder du darfst es nicht sehen.
Heizungsübersicht
Was gerade heizt und warum, was es kostet und spart, die nächsten 24 Stunden und Übersteuerungen.
{names}: {power}
{names} heizt
Heizungsregelung ist aus
Nur Simulation
Startet
Frostschutz
Feste Vorlauftemperatur
Wärmeerzeuger wird vermessen
Heizt
Wärme nötig, aber begrenzt
Keine Wärme nötig
Komfort {low}–{high}
Außen {value}
Der letzte Regelzyklus ist fehlgeschlagen. Die Werte unten sind möglicherweise veraltet.
Simulation: Das würde die Heizungsregelung tun. Es wird nichts geregelt.
Die Heizungsregelung ist aus. Die Wärmeerzeuger laufen selbstständig; der Plan unten wird nicht ausgeführt.
Kosten jetzt
Strom {price}
Strompreis unbekannt
Gespart ({days})
Ersparnis wäre gewesen ({days})
Ersparnis
Nach dem ersten vollen Tag, in etwa {left}
Zu 90 % sicher: {low} bis {high}
Haus wird gelernt
Gelerntes Haus wird geprüft
Erster Plan in etwa {left}
Vorhersagefehler {error}; geplant wird unter {limit}
Wärmepreis jetzt
Preis unbekannt
Heizt
Eingeschaltet, heizt noch nicht
Heizt selbstständig
Antwortet nicht
Keine Wärme nötig
Teurer
Nicht nötig
Heizungsregelung ist aus
Nächste 24 Stunden, geplant um {time}
Nächste 24 Stunden, noch kein Plan
Zeit in den nächsten 24 Stunden
Jetzt
Raum
Wärme
Strompreis
Außen
Was das Heizen begrenzt
Automatik
Komfort
Eco
Abwesend
Frostschutz
Übersteuerung
{what} bis {until}
{zone}: {what} bis {until}
Beenden
Alle beenden
Temperatur
Kälter
Wärmer
Dauer
Einstellen
Profil
Kosten und Ersparnis
Wärmepreis
Nächste 24 Stunden
Begrenzungen
Übersteuerung
eingeschaltet
Wärmebedarf
Geliefert {power}
Heizkurve
Heizkurve ziehen oder eintippen und sehen, was die Geräte bestätigen.
Vorlauftemperatur nach Außentemperatur
Außentemperatur ({unit})
Neigung
Niveau
Max. Vorlauf
Heizkurve
Neue Heizkurve
Jetzt
Letzte Woche gemessen
Passt zum gelernten Haus
Vorschlag für dein Haus: Neigung {slope}, Niveau {level} (Sicherheit {confidence})
Übernehmen
Geräte, die der Kurve folgen
Vorlauf {value}
Bestätigt
Wartet auf Bestätigung
Nicht bestätigt
Nicht geregelt
COP
COP der Wärmepumpe: Summen und Stunden nach Außentemperatur.
Heute
Dieser Monat
365 Tage
COP nach Außentemperatur
{cop} bei {outdoor}
Gemessene Stunden
Gelernt, bei der Vorlauftemperatur der Heizkurve
Noch keine gemessenen Stunden
Der COP von heute erscheint, sobald die Wärmepumpe etwa eine Stunde gelaufen ist.
Strom und Wärme der Wärmepumpe müssen gemessen werden, während sie läuft.
Energiefluss
Woher die Wärme kommt und wohin sie geht.
Zeitraum
Stunde
Tag
Monat
Früher
Später
Wärmekosten
Mining-Erlös
Schraffiert und ≈: geschätzt, nicht gemessen
Nicht gezählt: {names}
Aufgezeichnet ab {time}
Als Zahlen anzeigen
In diesem Zeitraum wurde nichts gezählt
Energie erscheint etwa fünf Minuten nach der Meldung.
Home Assistant zeichnet nicht auf
Füge die Integration Recorder hinzu.
Netz
Sonne
Batterie
Strom
Umwelt
Brennstoff
Nicht gezählt
Räume
Räume und Warmwasser
Warmwasser
Wärme nicht gemessen
Verluste
Hausbericht
Was über das Haus gelernt wurde, und wie sicher das ist.
Das Haus wird gelernt
Erste Werte in etwa {left}
{days} aufgezeichnete Tage wurden gelesen.
Gelernt ({days}), für die Planung verwendet
Gelernt ({days}), für die Planung noch zu ungenau
Wärmeverlust
Zeitkonstante
Sonnengewinn
Zu 95 % sicher: {low} bis {high}
{power} bei {outdoor} draußen
Ohne Heizung ist nach dieser Zeit noch ein Drittel der Wärme übrig
{power} bei Sonne mit 500 W/m²
Wärmeverlust im Lauf der Zeit
Eine Änderung wird nach drei Wochen angezeigt.
Seit {days} Tagen unverändert, so weit das sicher ist ({change}, {percent})
In {days} Tagen um {change} ({percent}) geändert. Prüfe Fenster, Türen und Lüftung.
Prüfung an einem Tag, den das Modell nicht kannte
Voraus
Fehler des Modells
Wenn der Raum bliebe, wie er ist
Pläne werden verwendet, solange der Fehler unter {limit} liegt.
Wärmepumpe bei Volllast: {power} Strom, COP {cop}`},fi:{packed:`Lämmitysjärjestelmä
Jätä tyhjäksi, jos haluat käyttää ensimmäistä lämmitysjärjestelmää.
Otsikko
Piilota
Vain luku
Ensin näytettävä ajanjakso
Lämmitysjärjestelmää ei ole ladattu.
Lämmitysjärjestelmää ei löytynyt, tai sinulla ei ole oikeutta nähdä sitä.
Lämmityksen yleiskuva
Mikä lämmittää nyt ja miksi, mitä se maksaa ja säästää, seuraavat 24 tuntia ja ohitukset.
{names}: {power}
{names} lämmittää
Lämmityksen ohjaus on pois päältä
Vain simulointi
Käynnistyy
Jäätymissuoja
Kiinteä menoveden lämpötila
Lämmönlähdettä mitataan
Lämmittää
Lämpöä tarvitaan, mutta sitä on rajoitettu
Lämpöä ei tarvita
Mukavuus {low}–{high}
Ulkona {value}
Viimeisin ohjauskierros epäonnistui. Alla olevat arvot voivat olla vanhentuneita.
Simulointi: näin lämmityksen ohjaus toimisi. Mitään ei ohjata.
Lämmityksen ohjaus on pois päältä. Lähteet toimivat itsenäisesti; alla olevaa suunnitelmaa ei toteuteta.
Kustannus nyt
Sähkö {price}
Sähkön hinta ei ole tiedossa
Säästetty: {days}
Säästö olisi ollut: {days}
Säästö
Ensimmäisen kokonaisen päivän jälkeen, noin {left}
90 % varmuudella {low} – {high}
Taloa opitaan
Opittua taloa tarkistetaan
Ensimmäinen suunnitelma noin {left} kuluttua
Ennustevirhe {error}; suunnittelu alkaa, kun se on alle {limit}
Lämmön hinta nyt
Hinta ei ole tiedossa
Lämmittää
Kytketty päälle, ei vielä lämmitä
Lämmittää itsenäisesti
Ei vastaa
Lämpöä ei tarvita
Kalliimpi
Ei tarvita
Lämmityksen ohjaus on pois päältä
Seuraavat 24 tuntia, suunniteltu klo {time}
Seuraavat 24 tuntia, ei vielä suunnitelmaa
Aika seuraavan 24 tunnin aikana
Nyt
Huone
Lämpö
Sähkön hinta
Ulkona
Mikä rajoittaa lämmitystä
Automaattinen
Mukavuus
Eko
Poissa
Jäätymissuoja
Ohitus
{what}, päättyy {until}
{zone}: {what}, päättyy {until}
Lopeta
Lopeta kaikki
Lämpötila
Viileämpi
Lämpimämpi
Kesto
Aseta
Profiili
Kustannukset ja säästöt
Lämmön hinta
Seuraavat 24 tuntia
Rajoitukset
Ohitus
kytketty päälle
Lämmöntarve
Tuotetaan {power}
Lämmityskäyrä
Vedä tai kirjoita lämmityskäyrä ja katso, mitä laitteet vahvistavat.
Menoveden lämpötila ulkolämpötilan mukaan
Ulkolämpötila ({unit})
Jyrkkyys
Taso
Menovesi enintään
Lämmityskäyrä
Uusi lämmityskäyrä
Nyt
Mitattu viime viikolla
Sopii opittuun taloon
Ehdotus talollesi: jyrkkyys {slope}, taso {level} (varmuus {confidence})
Käytä
Käyrää seuraavat laitteet
menovesi {value}
Vahvistettu
Odottaa vahvistusta
Ei vahvistettu
Ei ohjata
COP
Lämpöpumpun COP: summat ja tunnit ulkolämpötilan mukaan.
Tänään
Tässä kuussa
365 päivää
COP ulkolämpötilan mukaan
{cop}, kun ulkona on {outdoor}
Mitatut tunnit
Opittu, lämmityskäyrän menoveden lämpötilassa
Ei vielä mitattuja tunteja
Tämän päivän COP näkyy, kun lämpöpumppu on käynyt noin tunnin.
Lämpöpumpun sähkö ja lämpö on mitattava sen käydessä.
Energiavirta
Mistä lämpö tulee ja minne se menee.
Ajanjakso
Tunti
Päivä
Kuukausi
Aiempi
Myöhempi
Lämmön hinta
Louhinnan tuotto
Viivoitettu ja ≈: arvio, ei mitattu
Ei laskettu: {names}
Tallennettu alkaen {time}
Näytä lukuina
Tällä jaksolla ei laskettu mitään
Energia näkyy noin viiden minuutin kuluttua.
Home Assistant ei tallenna
Lisää Recorder-integraatio.
Verkko
Aurinko
Akku
Sähkö
Ympäristö
Polttoaine
Ei mitattu
Huoneet
Huoneet ja käyttövesi
Käyttövesi
Lämpöä ei mitattu
Häviöt
Taloraportti
Mitä talosta on opittu ja kuinka varmasti.
Taloa opitaan
Ensimmäiset arvot noin {left} kuluttua
Tallennettuja päiviä luettu: {days}.
Opittu ({days}), käytössä suunnittelussa
Opittu ({days}), vielä liian epätarkka suunnitteluun
Lämpöhäviö
Aikavakio
Auringon tuotto
95 %:n varmuudella {low}–{high}
{power}, kun ulkona on {outdoor}
Lämmittämättä lämmöstä on tämän ajan jälkeen jäljellä kolmannes
{power} auringossa, jonka säteily on 500 W/m²
Lämpöhäviö ajan mittaan
Muutos näytetään kolmen viikon jälkeen.
Ennallaan epävarmuuden rajoissa {days} päivää ({change}, {percent})
Muuttunut {change} ({percent}) {days} päivässä. Tarkista ikkunat, ovet ja ilmanvaihto.
Koe päivällä, jota malli ei ollut nähnyt
Eteenpäin
Mallin virhe
Jos huone pysyisi ennallaan
Suunnitelmia käytetään, kun virhe on alle {limit}.
Lämpöpumppu täydellä teholla: sähköä {power}, COP {cop}`},ru:{packed:`Система отопления
Оставьте пустым, чтобы использовать первую систему отопления.
Заголовок
Скрыть
Только просмотр
Период при открытии
Система отопления не загружена.
Система отопления не найдена, или у вас нет прав на её просмотр.
Обзор отопления
Что греет сейчас и почему, сколько это стоит и экономит, следующие 24 часа и временные настройки.
{names}: {power}
{names}: идёт нагрев
Управление отоплением выключено
Только моделирование
Запуск
Защита от замерзания
Постоянная температура подачи
Измерение источника тепла
Нагрев
Тепло нужно, но ограничено
Тепло не требуется
Комфорт {low}–{high}
На улице {value}
Последний цикл управления завершился ошибкой. Значения ниже могут быть устаревшими.
Моделирование: так действовало бы управление отоплением. Ничего не управляется.
Управление отоплением выключено. Источники работают сами; план ниже не выполняется.
Затраты сейчас
Электричество {price}
Цена электричества неизвестна
Сэкономлено за {days}
Экономия за {days} составила бы
Экономия
После первых полных суток, примерно через {left}
С вероятностью 90 %: от {low} до {high}
Изучение дома
Проверка модели дома
Первый план примерно через {left}
Ошибка прогноза {error}; планирование начнётся ниже {limit}
Цена тепла сейчас
Цена неизвестна
Греет
Включён, ещё не греет
Греет самостоятельно
Не отвечает
Тепло не требуется
Дороже
Не требуется
Управление отоплением выключено
Следующие 24 часа, план составлен в {time}
Следующие 24 часа, плана пока нет
Время в следующие 24 часа
Сейчас
Комната
Тепло
Цена электричества
На улице
Что ограничивает отопление
Авто
Комфорт
Эко
Не дома
Защита от замерзания
Временная настройка
{what} до {until}
{zone}: {what} до {until}
Завершить
Завершить все
Температура
Холоднее
Теплее
Длительность
Установить
Профиль
Затраты и экономия
Цена тепла
Следующие 24 часа
Ограничения
Временная настройка
включено
Потребность в тепле
Подаётся {power}
Кривая отопления
Изменение кривой отопления и подтверждение устройств.
Температура подачи в зависимости от уличной
Уличная температура ({unit})
Наклон
Уровень
Макс. подача
Кривая отопления
Новая кривая отопления
Сейчас
Измерено за неделю
Подходит изученному дому
Предложение для вашего дома: наклон {slope}, уровень {level} (уверенность {confidence})
Применить
Устройства, которые следуют кривой
подача {value}
Подтверждено
Ожидает подтверждения
Не подтверждено
Не управляется
COP
COP теплового насоса: суммы и часы по уличной температуре.
Сегодня
Этот месяц
365 дней
COP по уличной температуре
{cop} при {outdoor}
Измеренные часы
Изучено, при температуре подачи по кривой отопления
Измеренных часов пока нет
COP за сегодня появится, когда тепловой насос проработает около часа.
Электричество и тепло теплового насоса должны измеряться во время его работы.
Поток энергии
Откуда берётся тепло и куда уходит.
Период
Час
День
Месяц
Раньше
Позже
Стоимость тепла
Доход от майнинга
Штриховка и ≈: оценка, не измерение
Не учитывается: {names}
Записано с {time}
Показать числами
За этот период ничего не учтено
Энергия появляется примерно через пять минут.
Home Assistant не ведёт запись
Добавьте интеграцию Recorder.
Сеть
Солнце
Батарея
Электричество
Среда
Топливо
Не учтено
Комнаты
Комнаты и горячая вода
Горячая вода
Тепло не измерено
Потери
Отчёт о доме
Что известно о доме и насколько точно.
Изучение дома
Первые значения примерно через {left}
Прочитано записанных дней: {days}.
Изучено за {days}, используется для планов
Изучено за {days}, для планов пока неточно
Теплопотери
Постоянная времени
Солнечное тепло
С вероятностью 95 %: от {low} до {high}
{power} при {outdoor} на улице
Без отопления через это время остаётся треть тепла
{power} при солнце 500 W/m²
Теплопотери со временем
Изменение будет показано через три недели.
Без изменений в пределах погрешности за {days} дн. ({change}, {percent})
Изменились на {change} ({percent}) за {days} дн. Проверьте окна, двери и вентиляцию.
Проверка на дне, которого модель не видела
Вперёд
Ошибка модели
Если бы в комнате ничего не менялось
Планы используются, пока ошибка ниже {limit}.
Тепловой насос на полной мощности: {power} электричества, COP {cop}`}},e),z=e=>{for(let t of[`entry_id`,`title`]){let n=e[t];if(n!==void 0&&typeof n!=`string`)throw Error(`${t} must be a text`)}return e},B=(e,t,...n)=>({schema:[{name:`entry_id`,selector:{config_entry:{integration:`proof_of_heat`}}},{name:`title`,selector:{text:{}}},...n],computeLabel:({name:t})=>e(`editor.${t}`),computeHelper:({name:t})=>t===`entry_id`?e(`editor.entry_id_help`):void 0,assertConfig:e=>void t(e)}),V=({entry_id:e})=>e?{entry_id:e}:{},pe=`proof-of-heat-cop-card`,me=()=>({type:`custom:${pe}`}),he=z,ge=e=>B(e,he),_e=[`day`,`month`,`season`],ve=6,H=26,ye=220,be=3,xe=(e,t)=>{let n=e.filter(([e])=>Math.abs(e-t)<=be).map(([,e])=>e).sort((e,t)=>e-t);return n.length?n[Math.floor(n.length/2)]??null:null},Se=class extends i{constructor(...e){super(...e),this.texts=R,this._3p=new c(this),this._1r=new r(this,()=>this.config&&this.hass?{type:`proof_of_heat/cop/subscribe`,...V(this.config)}:void 0)}static{this.getStubConfig=me}static{this.getConfigForm=()=>ge(O(R,j()))}static{this.styles=[u,f` .tiles{grid-template-columns:repeat(auto-fit,minmax(84px,1fr))}.legend .dots{background:var(--blue-color)}`]}readConfig(e){return he(e)}getCardSize(){return 6}render(){let{hass:e,localize:t}=this,n=this._1r.data;if(!e||!n?.available)return w`<ha-card>${P(this._1r.state,t,`system`)}</ha-card>`;let r=_e.filter(e=>E(n[e])),i=n.hours.length<ve&&!n.line.length;return w` <ha-card> <h2 class="title">${this.config?.title??t(`cop.name`)}</h2> ${r.length?w`<div class="tiles"> ${r.map(r=>w`<div class="tile"><span>${t(`cop.${r}`)}</span><strong>${v(n[r],e.locale,1)}</strong></div>`)} </div>`:A} ${E(n.day)||i?A:w`<p class="muted">${t(`cop.waiting`)}</p>`} ${i?k(`mdi:chart-scatter-plot`,t(`cop.empty`),t(`cop.empty_detail`)):this._2b(n,e)} </ha-card> `}_3a(e,t){let n=e.hours.map(([e])=>e);if(!n.length)return this.localize(`cop.plot`);let r=[Math.min(...n),Math.max(...n)].map(n=>this.localize(`cop.at`,{outdoor:`${v(L(t,n),t.locale)} ${T(t)?`°F`:`°C`}`,cop:v(xe(e.hours,n),t.locale,1)}));return`${this.localize(`cop.plot`)}: ${r.join(`, `)}`}_2b(e,t){let{localize:n}=this,r=this._3p.inside(),i=[...e.hours,...e.hours.length?[]:e.line].map(([e])=>e),a=Math.min(-5,Math.floor(Math.min(...i))),o=Math.max(12,Math.ceil(Math.max(...i))),s=Math.max(5,...e.hours.map(([,e])=>e),...e.line.map(([,e])=>e))+.3,c=D(a,o,H,r-8),l=D(0,s,184,8),u=e.line.filter(([e])=>e>=a&&e<=o);return w` <svg width=${r} height=${ye} role="img" aria-label=${this._3a(e,t)}> ${I(0,s,5).map(e=>F` <line x1=${H} x2=${r-8} y1=${l(e)} y2=${l(e)} stroke="var(--line)" /> <text x=${20} y=${l(e)+4} text-anchor="end">${v(e,t.locale)}</text>`)} ${I(L(t,a),L(t,o),r<320?4:7).map(e=>F`<text x=${c(C(t,e))} y=${199} text-anchor="middle">${v(e,t.locale)}</text>`)} <text x=${H} y=${216}>${n(`curve.outdoor_axis`,{unit:T(t)?`°F`:`°C`})}</text> ${E(e.outdoor_c)&&e.outdoor_c>=a&&e.outdoor_c<=o?F`<line x1=${c(e.outdoor_c)} x2=${c(e.outdoor_c)} y1="8" y2=${184} stroke="var(--primary-color)" stroke-dasharray="2 3" />`:A} ${e.hours.map(([e,t])=>F`<circle cx=${c(e)} cy=${l(t)} r="3" fill="var(--blue-color)" opacity="0.45" />`)} ${u.length?F`<path d=${M(u.map(([e,t])=>[c(e),l(t)]))} fill="none" stroke="var(--heat)" stroke-width="3" stroke-linecap="round" />`:A} </svg> <div class="legend"> ${e.hours.length?w`<span><i class="dots"></i>${n(`cop.hours`)}</span>`:A} ${u.length?w`<span><i></i>${n(`cop.line`)}</span>`:A} </div> `}},Ce=`proof-of-heat-overview-card`,U=[`figures`,`ladder`,`next_day`,`limits`,`override`],we={heating:`mdi:fire`,limited:`mdi:fire-alert`,idle:`mdi:leaf`,off:`mdi:power`,shadow:`mdi:eye-outline`,starting:`mdi:timer-sand`,commissioning:`mdi:ruler`,frost:`mdi:snowflake-alert`,blind:`mdi:thermometer-off`},Te={heat_pump:`mdi:heat-pump-outline`,boiler:`mdi:water-boiler`,miner:`mdi:bitcoin`,direct_electric:`mdi:radiator`,controller:`mdi:tune`},Ee={heat_pump:`var(--blue-color)`,boiler:`var(--deep-orange-color)`,miner:`var(--amber-color)`,direct_electric:`var(--red-color)`,controller:`var(--purple-color)`},De=`proof-of-heat-energy-flow-card`,W=[`hour`,`day`,`month`],Oe={grid:`var(--energy-grid-consumption-color, var(--blue-color))`,solar:`var(--energy-solar-color, var(--orange-color))`,battery:`var(--energy-battery-out-color, var(--teal-color))`,electricity:`var(--blue-grey-color, var(--secondary-text-color))`,unmetered:`var(--blue-grey-color, var(--secondary-text-color))`,fuel:`var(--brown-color, var(--deep-orange-color))`,ambient:`var(--light-green-color, var(--green-color))`,rooms:`var(--heat)`,home:`var(--heat)`,zone:`var(--heat)`,hot_water:`var(--cyan-color, var(--blue-color))`,losses:`var(--disabled-text-color, var(--secondary-text-color))`,unmeasured:`var(--disabled-text-color, var(--secondary-text-color))`},ke=()=>({type:`custom:${De}`}),Ae=e=>{z(e);let{period:t}=e;if(t!==void 0&&!W.some(e=>e===t))throw Error(`period must be one of ${W.join(`, `)}`);return e},je=e=>B(e,Ae,{name:`period`,selector:{select:{mode:`dropdown`,options:W.map(t=>({value:t,label:e(`flow.${t}`)}))}}}),Me=12,Ne=190,Pe=2,G=e=>e.reduce((e,{kwh:t})=>e+t,0),Fe=e=>Math.round(e*10)/10,Ie=(e,t,n,r,i)=>{let a=Fe((e+n)/2),[o,s,c,l]=[t,r,r+i,t+i].map(Fe);return`M${e} ${o}C${a} ${o} ${a} ${s} ${n} ${s}V${c}C${a} ${c} ${a} ${l} ${e} ${l}Z`},Le=(e,t,n)=>{let r=e=>({out:t.filter(({from:t})=>t===e.id),in:t.filter(({to:t})=>t===e.id)}),i=[0,1,2].map(t=>e.filter(e=>e.column===t)),a=e=>Math.max(G(r(e).out),G(r(e).in)),o=Math.max(...i.map(e=>e.reduce((e,t)=>e+a(t),0))),s=o>0?Ne/o:0,c=e=>Math.max(Pe,e*s),l=i.map(e=>e.reduce((e,t)=>e+32+c(a(t)),0)+Me*Math.max(0,e.length-1)),u=Math.ceil(Math.max(...l)),d=[];return i.forEach((e,t)=>{let i=(u-(l[t]??0))/2;for(let o of e){let e=a(o),{out:s,in:l}=r(o);d.push({node:o,kwh:e,estimated:[...s,...l].some(({estimated:e})=>e)&&!Re(s,l),x:[0,(n-10)/2,n-10][t]??0,y:i+32,height:c(e)}),i+=32+c(e)+Me}}),{height:u,bars:d,ribbons:ze(d,t,s)}},Re=(e,t)=>{let n=[e,t].filter(e=>e.length>0),r=Math.max(...n.map(G));return n.some(e=>G(e)>=r-.01&&e.every(({estimated:e})=>!e))},ze=(e,t,n)=>{let r=new Map(e.map((e,t)=>[e.node.id,{bar:e,index:t,out:e.y,into:e.y}])),i=e=>r.get(e)?.index??0,a=new Map(t.map(e=>[e,Math.max(1,e.kwh*n)])),o=new Map;for(let e of[...t].sort((e,t)=>i(e.to)-i(t.to))){let t=r.get(e.from);t&&(o.set(e,[t.out,0]),t.out+=a.get(e)??0)}for(let e of[...t].sort((e,t)=>i(e.from)-i(t.from))){let t=r.get(e.to),n=o.get(e);t&&n&&(n[1]=t.into,t.into+=a.get(e)??0)}return t.flatMap(e=>{let[t,n,i]=[r.get(e.from),r.get(e.to),o.get(e)];return!t||!n||!i?[]:[{flow:e,path:Ie(t.bar.x+10,i[0],n.bar.x,i[1],a.get(e)??1)}]})},Be=(e,t,n=6.4)=>{let r=Math.max(3,Math.floor(t/n));return e.length<=r?e:`${e.slice(0,r-1).trimEnd()}…`},Ve=(e,t)=>e.charAt(0).toLocaleUpperCase(t)+e.slice(1),He=(e,t)=>{let{language:n}=e.locale;if(t.period===`hour`)return`${S(e,t.begin)}–${S(e,t.end)}`;if(t.offset<2)return Ve(new Intl.RelativeTimeFormat(n,{numeric:`auto`}).format(-t.offset,t.period),n);let r=t.period===`day`?{weekday:`short`,day:`numeric`,month:`short`}:{month:`long`,year:`numeric`};return Ve(new Intl.DateTimeFormat(n,{...r,timeZone:e.config.time_zone}).format(Date.parse(t.begin)),n)},Ue=[u,f` .head{display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;justify-content:space-between}.periods{display:flex;border:1px solid var(--line);border-radius:12px;overflow:hidden}.periods button{border:0;background:none;padding:0 14px;min-height:40px;cursor:pointer}.periods button[aria-pressed="true"]{background:color-mix(in srgb,var(--primary-color) 20%,transparent);font-weight:500}.pager{display:flex;align-items:center;justify-content:space-between}.pager strong{font-weight:500}.step{width:44px;height:44px;border:0;border-radius:50%;background:none;cursor:pointer;display:grid;place-items:center}svg text{paint-order:stroke;stroke:var(--card-background-color);stroke-width:3px;stroke-linejoin:round}svg text.name{fill:var(--primary-text-color);font-size:12px;font-weight:500}.ribbon{opacity:0.42}.ribbon:hover{opacity:0.7}.notes{display:flex;flex-wrap:wrap;gap:6px 20px;align-items:center}.notes li{display:flex;gap:8px;align-items:center}.notes span{color:var(--muted);font-size:12px}.notes ha-icon{--mdc-icon-size:18px;color:var(--muted)}.hatch{width:16px;height:12px;border-radius:3px;background:repeating-linear-gradient(45deg,var(--muted) 0 2px,transparent 2px 5px)}summary{cursor:pointer;color:var(--muted);font-size:12px;min-height:32px;line-height:32px}.numbers li{padding:3px 0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}`],We=(e,t)=>e<1?`${v(e*1e3,t)} Wh`:re(e,t,+(e<100)),Ge=3700,Ke=class extends i{static{this.properties={period:{state:!0},offset:{state:!0}}}static{this.styles=Ue}static{this.getStubConfig=ke}static{this.getConfigForm=()=>je(O(R,j()))}constructor(){super(),this.texts=R,this._3p=new c(this),this._31=new n(this,()=>this.config?{type:`proof_of_heat/energy_flow/get`,period:this._2x,offset:this.offset,...V(this.config)}:void 0),this.offset=0}readConfig(e){return Ae(e)}get _2x(){return this.period??this.config?.period??`day`}render(){let{hass:e,localize:t}=this,n=this._31.data;return!e||!n?.available?w`<ha-card>${P(this._31.state,t,`system`)}</ha-card>`:w` <ha-card> <div class="head"> <h2 class="title">${this.config?.title??t(`flow.name`)}</h2> <div class="periods" role="group" aria-label=${t(`flow.period`)}> ${W.map(e=>w`<button aria-pressed=${e===this._2x} @click=${()=>this._i(e)}>${t(`flow.${e}`)}</button>`)} </div> </div> ${this._28(n,e)} ${this._m(n,e)} </ha-card> `}_i(e){this.period=e,this.offset=0}_28(e,t){let n=e=>{this.offset=Math.min(400,Math.max(0,this.offset+e))},r=(e,t,r,i)=>w` <button class="step" aria-label=${this.localize(t)} ?disabled=${i} @click=${()=>n(r)}><ha-icon icon=${e}></ha-icon></button> `;return w` <div class="pager"> ${r(`mdi:chevron-left`,`flow.earlier`,1,this.offset>=400)} <strong aria-live="polite">${He(t,e)}</strong> ${r(`mdi:chevron-right`,`flow.later`,-1,this.offset===0)} </div> `}_m(e,t){let{localize:n}=this;if(!e.recorded)return k(`mdi:database-off-outline`,n(`flow.no_recorder`),n(`flow.no_recorder_detail`));if(!e.flows.length)return w`${k(`mdi:chart-sankey`,n(`flow.empty`),n(`flow.empty_detail`))} ${this._1z(e,t)}`;let r=this._3p.inside(),{height:i,bars:a,ribbons:o}=Le(e.nodes,e.flows,r),s=new Map(e.nodes.map(e=>[e.id,this._k(e)])),c=e=>e===`losses`||e===`unmeasured`;return w` <svg width=${r} height=${i} role="img" aria-label=${this._3a(a)}> <defs> <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"> <rect width="6" height="6" fill="#555" /><rect width="3" height="6" fill="#fff" /> </pattern> <mask id="estimated" maskUnits="userSpaceOnUse" x="0" y="0" width=${r} height=${i}> <rect width=${r} height=${i} fill="url(#hatch)" /> </mask> </defs> ${o.map(({flow:t,path:n})=>F`<path d=${n} class="ribbon" fill=${s.get(c(t.to)?t.to:t.from)??``} mask=${t.estimated?`url(#estimated)`:A}><title>${this._2u(e,t.from,t.to,t.kwh,t.estimated)}</title></path>`)} ${a.map(t=>this._b(t,e,r,s.get(t.node.id)??``))} </svg> ${this._1z(e,t)} ${this._3c(e)} `}_k({kind:e,column:t}){return(t===1?Ee[e]:Oe[e])??`var(--secondary-text-color)`}_1x(e){return e?e.name??this.localize(`flow.nodes.${e.kind}`):``}_4(e,t){return this.hass?(t?`≈ `:``)+We(e,this.hass.locale):``}_b({node:e,kwh:t,estimated:n,x:r,y:i,height:a},o,s,c){let[l,u]=[[`start`,r],[`middle`,r+5],[`end`,r+10]][e.column]??[`start`,r],d=this._1x(e),f=o.revenue.find(({source:t})=>t===e.id),p=f&&f.value>=.005&&this.hass?` · +${_(f.value,o.currency,this.hass.locale)}`:``;return F` <rect x=${r} y=${i} width=${10} height=${a} rx="3" fill=${c} /> <text class="name" x=${u} y=${i-32+14} text-anchor=${l}>${Be(d,s/3-8)}<title>${d}</title></text> <text x=${u} y=${i-32+27} text-anchor=${l}>${this._4(t,n)}${p}</text> `}_2u(e,t,n,r,i){let[a,o]=[t,n].map(t=>this._1x(e.nodes.find(e=>e.id===t)));return`${a} → ${o}: ${this._4(r,i)}`}_3a(e){let t=e.map(({node:e,kwh:t,estimated:n})=>`${this._1x(e)} ${this._4(t,n)}`);return`${this.localize(`flow.name`)}: ${t.join(`, `)}`}_1z(e,t){let{localize:n}=this,r=e.revenue.reduce((e,{value:t})=>e+t,0),i=n=>_(n,e.currency,t.locale),a=e.recorded_from?(Date.parse(e.recorded_from)-Date.parse(e.begin))/1e3>Ge:!1;return w` <ul class="notes"> ${e.cost===null?A:w`<li><span>${n(`flow.cost`)}</span><strong>${i(e.cost)}</strong></li>`} ${e.revenue.length?w`<li><span>${n(`flow.revenue`)}</span><strong>${e.revenue.every(({complete:e})=>e)?``:`≥ `}${i(r)}</strong></li>`:A} ${e.flows.some(({estimated:e})=>e)?w`<li><i class="hatch"></i><span>${n(`flow.estimated`)}</span></li>`:A} ${e.unknown.length?w`<li><ha-icon icon="mdi:help-circle-outline"></ha-icon><span>${n(`flow.unknown`,{names:h(e.unknown,t.locale)})}</span></li>`:A} ${a&&e.recorded_from?w`<li><ha-icon icon="mdi:history"></ha-icon><span>${n(`flow.recorded_from`,{time:g(t,e.recorded_from)})}</span></li>`:A} </ul> `}_3c(e){return w` <details> <summary>${this.localize(`flow.numbers`)}</summary> <ul class="numbers"> ${e.flows.map(({from:t,to:n,kwh:r,estimated:i})=>w`<li>${this._2u(e,t,n,r,i)}</li>`)} </ul> </details> `}},qe=`proof-of-heat-curve-card`,K={slope:.05,level:1,max_flow_c:1},Je=()=>({type:`custom:${qe}`}),Ye=e=>{if(z(e),e.read_only!==void 0&&typeof e.read_only!=`boolean`)throw Error(`read_only must be true or false`);return e},Xe=e=>B(e,Ye,{name:`read_only`,selector:{boolean:{}}}),q=-20,J=20,Ze=-12,Y=12,X=34,Z=36,Qe=10,Q=10,$e=class extends t{constructor(...e){super(...e),this._3p=new c(this),this._21=(e,t)=>{this.locked||e.button>0||(e.currentTarget.setPointerCapture?.(e.pointerId),this._1b=this._2z,this._1c=this._3g,this.dragged=t)},this._23=e=>{if(!this.dragged)return;let t=this.shadowRoot?.querySelector(`svg`)?.getBoundingClientRect();if(!t)return;let{height:n}=this._2r(),r=D(n-Z,Qe,15,this._3g)(e.clientY-t.top);this._10(this.dragged,this._3m(this.dragged,Math.min(r,this._3g)))},this._25=()=>{this.dragged=void 0,this._1b=this._1c=void 0},this._22=(e,t)=>{let[n,r]=this.data.ranges[t],i=K[t],a=this.values[t],o={ArrowUp:a+i,ArrowRight:a+i,ArrowDown:a-i,ArrowLeft:a-i,PageUp:a+5*i,PageDown:a-5*i,Home:n,End:r}[e.key];o===void 0||this.locked||(e.preventDefault(),this._10(t,o))}}static{this.properties={hass:{attribute:!1},data:{attribute:!1},values:{attribute:!1},changed:{type:Boolean},locked:{type:Boolean},localize:{attribute:!1},dragged:{state:!0}}}static{this.styles=[u,f` :host{height:auto}.handle{cursor:ns-resize;touch-action:none;outline:none}.handle .hit{fill:transparent}.handle .knob{fill:var(--card-background-color);stroke:var(--heat);stroke-width:3}.handle:hover .knob,.handle.dragged .knob{fill:var(--heat)}.handle:focus-visible .ring{stroke:var(--primary-color)}.ring{fill:none;stroke:transparent;stroke-width:2}.grid{stroke:var(--line)}svg text.present{fill:var(--primary-text-color);font-weight:500;stroke:var(--card-background-color);stroke-width:4px;paint-order:stroke}svg text.axis{font-size:12px}`]}get _3g(){if(this._1c!==void 0)return this._1c;let{data:e,values:t}=this,n=[t.max_flow_c,e.max_flow_c,...e.measured.map(([,e])=>e)];return Math.ceil((Math.max(45,...n)+3)/5)*5}_2r(){let e=this._3p.inside(0),t=Math.round(d(e*.62,200,320));return{x:D(q,J,X,e-Q),y:D(15,this._3g,t-Z,Qe),width:e,height:t}}_10(e,t){let n=le(t,K[e],this.data.ranges[e]);n!==this.values[e]&&this.dispatchEvent(new CustomEvent(`value`,{detail:{field:e,value:n}}))}_3m(e,t){let{values:n,data:r}=this;return e===`slope`?ue(t,this._2z,n.level,r.room_c):e===`level`?ce(t,Y,n.slope,r.room_c):t}get _2z(){if(this._1b!==void 0)return this._1b;let{values:e,data:t}=this;for(let n=Ze;n<4;n+=1)if(te(n,e.slope,e.level,t.room_c)<e.max_flow_c-.5)return n;return 4}_15(e){let{values:t,data:n}=this;return e===`max_flow_c`?t.max_flow_c:te(e===`slope`?this._2z:Y,t.slope,t.level,n.room_c,t.max_flow_c)}render(){let{data:e,values:t,localize:n,hass:r}=this,{x:i,y:a,width:o,height:s}=this._2r(),c=(t,n,r)=>M(Array.from({length:41},(o,s)=>{let c=q+s;return[i(c),a(te(c,t,n,e.room_c,r))]})),{suggestion:l}=e;return w` <svg width=${o} height=${s} role="group" aria-label=${n(`curve.plot`)}> ${this._1a(i,a,o,s)} ${e.measured.map(([e,t])=>e>=q&&e<=J?F`<circle cx=${i(e)} cy=${a(t)} r="2.5" fill="var(--muted)" opacity="0.35" />`:A)} ${this.changed?F`<path d=${c(e.slope,e.level,e.max_flow_c)} fill="none" stroke="var(--muted)" stroke-width="2" />`:A} ${l?F`<path d=${c(l.slope,l.level,t.max_flow_c)} fill="none" stroke="var(--success-color, var(--green-color))" stroke-width="2" stroke-dasharray="6 4" />`:A} <line x1=${X} x2=${o-Q} y1=${a(t.max_flow_c)} y2=${a(t.max_flow_c)} stroke="var(--warning-color)" stroke-dasharray="2 4" /> <path d=${c(t.slope,t.level,t.max_flow_c)} fill="none" stroke="var(--heat)" stroke-width="3" stroke-linecap="round" /> ${E(e.outdoor_c)&&E(e.setpoint_c)?this._2d(e.outdoor_c,e.setpoint_c,i,a,s):A} ${this.locked?A:[`max_flow_c`,`slope`,`level`].map(e=>this._1d(e,i,a))} <text class="axis" x=${X} y=${s-4}>${n(`curve.outdoor_axis`,{unit:T(r)?`°F`:`°C`})}</text> </svg> `}_1a(e,t,n,r){let{hass:i}=this,a=(e,t,n)=>I(L(i,e),L(i,t),n).map(e=>[C(i,e),v(e,i.locale)]);return[...a(20,this._3g,5).map(([e,r])=>F` <line class="grid" x1=${X} x2=${n-Q} y1=${t(e)} y2=${t(e)} /> <text x=${28} y=${t(e)+4} text-anchor="end">${r}</text>`),...a(q,J,n<300?4:8).map(([t,n])=>F` <text x=${e(t)} y=${r-Z+14} text-anchor="middle">${n}</text>`)]}_2d(e,t,n,r,i){let{hass:a}=this,o=n(d(e,q,J)),s=`${x(a,t,0)} · ${x(a,e,0)}`,c=e>5;return F` <line x1=${o} x2=${o} y1=${r(t)} y2=${i-Z} stroke="var(--primary-color)" stroke-dasharray="2 3" /> <circle cx=${o} cy=${r(t)} r="5" fill="var(--primary-color)" /> <text x=${o+(c?-9:9)} y=${r(t)+16} class="present" text-anchor=${c?`end`:`start`}>${s}</text> `}_1d(e,t,n){let{data:r,values:i,localize:a,hass:o}=this,[s,c]=r.ranges[e],l=e===`max_flow_c`?t(J)-12:t(e===`slope`?this._2z:Y),u=n(this._15(e));return F` <g class=${`handle ${e} ${this.dragged===e?`dragged`:``}`} role="slider" tabindex="0" aria-label=${a(`curve.${e}`)} aria-orientation="vertical" aria-valuemin=${s} aria-valuemax=${c} aria-valuenow=${i[e]} aria-valuetext=${e===`max_flow_c`?x(o,i[e],0):v(i[e],o.locale,e===`slope`?2:0)} @keydown=${t=>this._22(t,e)} @pointerdown=${t=>this._21(t,e)} @pointermove=${this._23} @pointerup=${this._25} @pointercancel=${this._25} > <circle class="hit" cx=${l} cy=${u} r="22" /> <circle class="ring" cx=${l} cy=${u} r="13" /> <circle class="knob" cx=${l} cy=${u} r="7" /> </g> `}};customElements.get(`proof-of-heat-curve-plot`)||customElements.define(`proof-of-heat-curve-plot`,$e);var et=[`slope`,`level`,`max_flow_c`],tt={confirmed:`mdi:check-circle-outline`,pending:`mdi:timer-sand`,failed:`mdi:alert-circle-outline`},nt=class extends i{constructor(...e){super(...e),this._6=new Map,this.texts=R,this._1r=new r(this,()=>this.config&&this.hass?{type:`proof_of_heat/curve/subscribe`,language:this.hass.locale.language,...V(this.config)}:void 0)}static{this.properties={draft:{state:!0},saving:{state:!0},notice:{state:!0}}}static{this.getStubConfig=Je}static{this.getConfigForm=()=>Xe(O(R,j()))}static{this.styles=[u,f` .header{display:flex;justify-content:space-between;gap:12px;align-items:baseline}.header h2{font-size:18px;color:var(--primary-text-color);margin:0}.legend .now{background:var(--primary-color)}.legend .fit{border-top:2px dashed var(--success-color,var(--green-color))}.fields{display:grid;grid-template-columns:repeat(auto-fit,minmax(92px,1fr));gap:8px}label{font-size:12px;color:var(--muted);display:grid;gap:4px;align-content:end}input[type="number"]{width:100%;font-size:16px;color:var(--primary-text-color);padding:0 10px}.box{display:flex;gap:12px;align-items:center;justify-content:space-between;flex-wrap:wrap;padding:8px 8px 8px 14px;border-radius:12px;background:var(--soft)}.box p{flex:1 1 180px}.save{display:flex;gap:8px;align-items:center;min-height:40px}.save span{flex:1;color:var(--muted)}.save .conflict,.save .error{color:color-mix(in srgb,var(--error-color) 70%,var(--primary-text-color))}li{display:flex;flex-wrap:wrap;gap:0 10px;padding:4px 0;align-items:center}li ha-icon{--mdc-icon-size:18px;color:var(--muted)}li.confirmed ha-icon{color:color-mix(in srgb,var(--success-color,var(--green-color)) 60%,var(--primary-text-color))}li.failed ha-icon{color:color-mix(in srgb,var(--error-color) 70%,var(--primary-text-color))}li .name{flex:1 1 120px;min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}`]}readConfig(e){return Ye(e)}getCardSize(){return 8}_h(e,t,n){let r={...this.draft??{slope:e.slope,level:e.level,max_flow_c:e.max_flow_c,revision:e.revision},[t]:le(n,K[t],e.ranges[t])},i=et.some(t=>r[t]!==e[t]);this.draft=i||r.revision!==e.revision?r:void 0,this.notice=void 0}adopt({draft:e}){this.draft??=e}_3j(){this.draft=void 0,this.notice=void 0}async _2p(e){let{draft:t,hass:n}=this;if(t&&n&&!this.saving){this.saving=!0,this.notice=void 0,this._6=new Map(e.devices.map(({name:e,command_id:t})=>[e,t]));try{await n.callWS({type:`proof_of_heat/curve/set`,entry_id:e.entry_id,...t}),this.draft=void 0,this.notice={kind:`saved`,text:this.localize(`common.saved`)}}catch(e){let t=se(e)?e.code:``,n=ee(e);this.notice=t===`conflict`?{kind:`conflict`,text:this.localize(`common.conflict`)}:{kind:`error`,text:n}}finally{this.saving=!1}}}render(){let{hass:e}=this,t=this._1r.data;if(!e||!t?.available)return w`<ha-card>${P(this._1r.state,this.localize,`system`)}</ha-card>`;let{localize:n}=this,r=this.draft??t,i=!t.can_control||this.config?.read_only===!0;return w` <ha-card> <div class="header"><h2>${this.config?.title??n(`curve.name`)}</h2></div> <proof-of-heat-curve-plot .hass=${e} .data=${t} .values=${r} ?changed=${this.draft!==void 0} ?locked=${i} .localize=${n} @value=${e=>this._h(t,e.detail.field,e.detail.value)} ></proof-of-heat-curve-plot> ${this._1o(t)} ${this._14(t,r,i)} ${this._39(t,r,i)} ${i?this._1t(t):this._16(t)} ${this._q(t)} </ha-card> `}_1o(e){let{localize:t}=this;return w` <div class="legend"> <span><i></i>${t(this.draft?`curve.draft`:`curve.curve`)}</span> ${E(e.outdoor_c)&&E(e.setpoint_c)?w`<span><i class="dots now"></i>${t(`curve.now`)}</span>`:A} ${e.measured.length?w`<span><i class="dots"></i>${t(`curve.measured`)}</span>`:A} ${e.suggestion?w`<span><i class="fit"></i>${t(`curve.suggested`)}</span>`:A} </div> `}_14(e,t,n){let{hass:r,localize:i}=this;if(!r)return w``;let a=T(r);return w` <div class="fields"> ${et.map(o=>{let s=o===`level`&&a?1.8:1,c=e=>o===`max_flow_c`?L(r,e):e*s,l=e=>o===`max_flow_c`?C(r,e):e/s,u=o===`slope`?``:o===`level`?` (${a?`°F`:`K`})`:` (${a?`°F`:`°C`})`,[d,f]=e.ranges[o],p=Number(c(t[o]).toFixed(2));return w`<label> ${i(`curve.${o}`)}${u} <input type="number" name=${o} step=${a&&o!==`slope`?`any`:K[o]} min=${c(d)} max=${c(f)} .value=${String(p)} ?disabled=${n} @change=${t=>{let n=t.target,r=Number(n.value);n.value!==``&&Number.isFinite(r)&&this._h(e,o,l(r)),this.requestUpdate()}} /> </label>`})} </div> `}_39(e,t,n){let{hass:r,localize:i}=this,{suggestion:a}=e;return!r||!a||a.slope===t.slope&&a.level===t.level?A:w` <div class="box"> <p> ${i(`curve.suggestion`,{slope:v(a.slope,r.locale,2),level:m(r,a.level,0),confidence:ae(a.confidence*100,r.locale)})} </p> ${n?A:w`<button class="action use" @click=${()=>{this._h(e,`slope`,a.slope),this._h(e,`level`,a.level)}} > ${i(`curve.use`)} </button>`} </div> `}_1t(e){return e.can_control?A:w`<p class="muted">${this.localize(`common.read_only`)}</p>`}_16(e){let{localize:t,draft:n}=this,r=n!==void 0&&n.revision!==e.revision,i=r?{kind:`conflict`,text:t(`common.conflict`)}:this.notice??(n?{kind:`draft`,text:t(`common.unsaved`)}:{kind:``,text:``});return!i.text&&!this.saving?w``:w` <div class="save"> <span class=${i.kind} role="status">${this.saving?t(`common.saving`):i.text}</span> ${n?w` <button class="action undo" ?disabled=${!!this.saving} @click=${()=>this._3j()}> ${t(r?`common.load_changes`:`common.undo`)} </button> ${r?A:w`<button class="action main" ?disabled=${!!this.saving} @click=${()=>void this._2p(e)}>${t(`common.save`)}</button>`} `:A} </div> `}_q(e){let{localize:t}=this;return e.devices.length?w` <section> <h2>${t(`curve.devices`)}</h2> <ul> ${e.devices.map(t=>this._p(t,e.active))} </ul> </section> `:A}_p(e,t){let{hass:n,localize:r}=this;if(!n)return w``;let i=this._6.has(e.name)&&this._6.get(e.name)===e.command_id,a=t?i?`pending`:e.status??`pending`:`off`,o=a===`failed`&&e.reason?e.reason.charAt(0).toLocaleUpperCase()+e.reason.slice(1):r(`curve.status.${a}`),s=E(e.flow_c)?` · ${r(`curve.flow`,{value:x(n,e.flow_c)})}`:``;return w` <li class=${a}> <ha-icon icon=${tt[a]??`mdi:power`}></ha-icon> <span class="name">${e.name}</span> <span class="muted">${o}${s}</span> </li> `}},rt=()=>({type:`custom:${Ce}`}),it=e=>{z(e);let t=e.hide??[];if(!Array.isArray(t))throw Error(`hide must be a list`);for(let e of t)if(!U.includes(e))throw Error(`hide: ${String(e)} is not one of ${U.join(`, `)}`);return e},at=e=>B(e,it,{name:`hide`,selector:{select:{multiple:!0,mode:`list`,options:U.map(t=>({value:t,label:e(`overview.parts.${t}`)}))}}}),ot=(e,t,n)=>{let r=e.cost_h;return w` <div class="tiles"> <div class="tile"> <span>${n(`overview.cost_now`)}</span> <strong>${E(r.value)?`${r.estimated?`≈ `:``}${_(r.value,e.currency,t.locale)}/h`:o}</strong> <span>${E(e.price_kwh)?n(`overview.electricity`,{price:b(e.price_kwh,e.currency,t.locale)}):n(`overview.no_price`)}</span> </div> <div class="tile"> <span>${n(`overview.demand`)}</span> <strong>${y(e.demand_w,t.locale)}</strong> <span>${n(`overview.delivered`,{power:(E(e.heat.value)&&e.heat.estimated?`≈ `:``)+y(e.heat.value,t.locale)})}</span> </div> ${st(e,t,n)} ${e.learning.trusted?A:dt(e,t,n)} </div> `},st=(e,t,n)=>{let r=e.savings;if(!r)return e.savings_progress?ut(e.savings_progress,e,t,n):A;let i=n=>_(n,e.currency,t.locale),a=new Intl.NumberFormat(t.locale.language,{style:`unit`,unit:`day`,unitDisplay:`long`}).format(r.days);return w` <div class="tile"> <span>${n(r.simulated?`overview.would_save`:`overview.saved`,{days:a})}</span> <strong>${i(r.saved)}${E(r.percent)?` · ${ae(r.percent,t.locale)}`:``}</strong> <span>${n(`overview.interval`,{low:i(r.low),high:i(r.high)})}</span> </div> `},ct=(e,t,n,r)=>w` <div class="tile"> <span id=${e}>${t}</span> <progress max="100" value=${d(n,0,100)} aria-labelledby=${e}></progress> <span>${r}</span> </div> `,lt=(e,t,n)=>ne(Math.max(60,e?(Date.parse(e)-Date.parse(t.time))/1e3:0),n.locale),ut=({progress:e,expected:t},n,r,i)=>ct(`savings`,i(`overview.savings`),e,i(`overview.savings_left`,{left:lt(t,n,r)})),dt=(e,t,n)=>{let{learning:r}=e;return r.learned?ct(`learning`,n(`overview.checking`),r.progress,n(`overview.learning_error`,{error:m(t,r.error_k),limit:m(t,r.limit_k)})):ct(`learning`,n(`overview.learning`),r.progress,n(`overview.learning_left`,{left:lt(r.expected,e,t)}))},ft=new Set([`failing`,`auth`]),pt=e=>ft.has(e.health)?`failing`:e.heating?e.commanded?`heating`:`own`:e.commanded?`commanded`:`waiting`,mt=e=>{let t=new Map;return new Map(e.map(({id:e,kind:n})=>{let r=t.get(n)??0;t.set(n,r+1);let i=Ee[n]??`var(--teal-color)`;return[e,r?`color-mix(in srgb, ${i} ${d(100-35*r,30,100)}%, var(--card-background-color))`:i]}))},ht=e=>{let t=mt(e),n=e.map(({price_kwh:e})=>e).filter(E),r=Math.min(0,...n),i=Math.max(0,...n)-r||1,a=e=>(e-r)/i*100;return[...e].sort((e,t)=>(e.price_kwh??1/0)-(t.price_kwh??1/0)||e.name.localeCompare(t.name)).map(e=>({source:e,color:t.get(e.id)??``,status:pt(e),bar:E(e.price_kwh)?{left:a(Math.min(0,e.price_kwh)),width:Math.abs(e.price_kwh)/i*100}:null}))},gt=(e,t)=>{if(e.reason_text){let t=`${e.name}: `,n=e.reason_text.startsWith(t)?e.reason_text.slice(t.length):e.reason_text;return n.charAt(0).toLocaleUpperCase()+n.slice(1)}if(!e.reason)return``;let n=t(`overview.reasons.${e.reason}`);return n.startsWith(`overview.`)?``:n},_t=(e,t)=>{let n=t+e.age_steps;return e.begin.findIndex((t,r)=>n>=t&&n<(e.end[r]??t))},vt=(e,t,n)=>{let r=t+e.age_steps,i=[e.age_steps,n];for(let t=0;t<e.end.length;t+=1){let n=e.end[t]??0,a=e.room_c[t];if(a===void 0)return null;if(r<=n)return i[1]===null||n===i[0]?a:i[1]+(r-i[0])/(n-i[0])*(a-i[1]);i=[n,a]}return null},yt=(e,t)=>{let n=_t(e,t);return n<0?null:Object.values(e.heat_w).reduce((e,t)=>e+(t[n]??0),0)},bt=(e,t,n)=>{let r=Math.floor(t),i=e=>e[r]??null;return{time:new Date(Date.parse(e.start)+t*e.step_s*1e3),price:i(e.price_kwh),priceKnown:r<e.known_steps,outdoor:i(e.outdoor_c),lower:i(e.lower_c),upper:i(e.upper_c),room:e.plan?vt(e.plan,t,n):null,heat:e.plan?yt(e.plan,t):null}},xt=(...e)=>{let t=e.flat().filter(E);return t.length?[Math.min(...t),Math.max(...t)]:null},St=26,Ct={room:64,heat:44,price:40,outdoor:30},wt=18,Tt=class extends t{constructor(...e){super(...e),this._3p=new c(this),this._24=e=>{let t=e.currentTarget.getBoundingClientRect();t.width>0&&this._1w((e.clientX-t.left)/t.width*this._n-.5)},this._22=e=>{let t=this.step??0,n={ArrowLeft:t-1,ArrowDown:t-1,ArrowRight:t+1,ArrowUp:t+1,PageDown:t-4,PageUp:t+4,Home:0,End:this._n-1}[e.key];n!==void 0&&(e.preventDefault(),this._1w(n))}}static{this.properties={hass:{attribute:!1},day:{attribute:!1},roomNow:{attribute:!1},currency:{attribute:!1},colors:{attribute:!1},localize:{attribute:!1},shadow:{type:Boolean,reflect:!0},step:{state:!0}}}static{this.styles=[u,f` :host{height:auto}.chart{position:relative;touch-action:pan-y;cursor:crosshair;border-radius:8px}.title{font-size:12px;fill:var(--muted)}.readout{display:flex;flex-wrap:wrap;gap:2px 14px;min-height:20px;margin-bottom:6px;font-size:12px;color:var(--muted)}.readout b{color:var(--primary-text-color);font-weight:500}.shadowed{stroke-dasharray:3 3}`]}get _n(){return this.day.lower_c.length}_1w(e){this.step=d(Math.round(e),0,this._n-1)}_13(){let{hass:e,localize:t}=this,n=bt(this.day,this.step??0,this.roomNow);return[[`room`,E(n.room)?x(e,n.room):null],[`heat`,E(n.heat)?y(n.heat,e.locale):null],[`price`,E(n.price)?(n.priceKnown?``:`≈ `)+b(n.price,this.currency,e.locale):null],[`outdoor`,E(n.outdoor)?x(e,n.outdoor):null]].flatMap(([e,n])=>n===null?[]:[[t(`overview.chart.${e}`),n]])}render(){let{hass:e,localize:t}=this,n=this._3p.inside(0),r=D(0,this._n,0,n),i=this._2a(n,r),a=i[i.length-1],o=a?a.top+a.height:0,s=S(e,bt(this.day,this.step??0,null).time),c=this._13();return w` <div class="readout" aria-hidden="true"> <b>${this.step===null||this.step===void 0?t(`overview.chart.now`):s}</b> ${c.map(([e,t])=>w`<span>${e} <b>${t}</b></span>`)} </div> <div class="chart" role="slider" tabindex="0" aria-label=${t(`overview.chart.label`)} aria-valuemin="0" aria-valuemax=${this._n-1} aria-valuenow=${this.step??0} aria-valuetext=${`${s}: ${c.map(e=>e.join(` `)).join(`, `)}`} @keydown=${this._22} @pointermove=${this._24} @pointerdown=${this._24} @pointerleave=${({pointerType:e})=>{e!==`touch`&&(this.step=null)}} > <svg width=${n} height=${o+wt} aria-hidden="true"> ${this._8(r,o)} ${i.map(e=>this._29(e,n))} ${E(this.step)?F`<line x1=${r(this.step+.5)} x2=${r(this.step+.5)} y1="12" y2=${o} stroke="var(--primary-text-color)" stroke-width="1" opacity="0.6" />`:A} </svg> </div> `}_2a(e,t){let{day:n,hass:r}=this,i=[],a=e=>x(r,e,0),o=xt(n.lower_c,n.upper_c,n.plan?.room_c??[],[this.roomNow]);o&&i.push({key:`room`,values:[o[0]-.2,o[1]+.2],format:a,draw:e=>this._w(t,e(o[0]-.2,o[1]+.2))});let s=this._32();s&&i.push({key:`heat`,values:[0,s],format:e=>y(e,r.locale),draw:e=>this._t(t,e(0,s))});let c=xt(n.price_kwh);if(c){let n=Math.min(0,c[0]),a=c[1]>n?c[1]:n+.1;i.push({key:`price`,values:[n,a],format:e=>b(e,this.currency,r.locale),draw:r=>this._v(t,r(n,a),r(n,a)(0),e)})}let l=xt(n.outdoor_c);if(l){let[e,r]=l[1]-l[0]<2?[l[0]-1,l[1]+1]:l;i.push({key:`outdoor`,values:[e,r],format:a,draw:i=>this._u(n.outdoor_c,t,i(e,r))})}let u=20;return i.map(e=>{let t={...e,top:u,height:Ct[e.key]};return u+=t.height+St,t})}_29(e,t){let n=e.top+e.height,r=this.localize(`overview.chart.${e.key}`),[i,a]=e.values??[0,0],o=i===0||e.key===`heat`?e.format(a):`${e.format(i)} – ${e.format(a)}`;return F` <text class="title" x="0" y=${e.top-7}>${r}</text> <text x=${t} y=${e.top-7} text-anchor="end">${o}</text> <line x1="0" x2=${t} y1=${n} y2=${n} stroke="var(--line)" /> ${e.draw((t,r)=>D(t,r,n,e.top))} `}_8(e,t){let{hass:n,day:r}=this,i=3600/r.step_s,a=Date.parse(r.start),o=this._3p.inside(0)<300?6:this._3p.inside(0)<520?4:3,s=[];for(let r=1;r<=24;r+=1){let c=new Date(Math.ceil(a/36e5)*36e5+(r-1)*36e5);if(oe(n,c)%o)continue;let l=e((c.getTime()-a)/36e5*i);if(l<0||l>e(this._n))continue;let u=l<14?`start`:l>e(this._n)-14?`end`:`middle`;s.push(F` <line x1=${l} x2=${l} y1="12" y2=${t} stroke="var(--line)" opacity="0.5" /> <text x=${l} y=${t+14} text-anchor=${u}>${ie(n,c)}</text> `)}return s}_w(e,t){let{day:n}=this,r=n=>de(n.map(e=>e??0),e,t),i=[];if(n.plan)for(let r=0;r<=this._n;r+=1){let{room:a}=bt(n,Math.min(r,this._n-.01),this.roomNow);i.push(E(a)?[e(r),t(a)]:null)}return F` <path d=${l(r(n.upper_c),r(n.lower_c))} fill="var(--success-color, var(--green-color))" opacity="0.16" /> ${i.length?F`<path class=${this.shadow?`shadowed`:``} d=${M(i)} fill="none" stroke="var(--heat)" stroke-width="2" stroke-linejoin="round" />`:A} ${E(this.roomNow)?F`<circle cx="0" cy=${t(this.roomNow)} r="4" fill="var(--heat)" />`:A} `}_32(){let{plan:e}=this.day;return e?Math.max(...e.begin.map((t,n)=>Object.values(e.heat_w).reduce((e,t)=>e+(t[n]??0),0)),0):0}_t(e,t){let{plan:n}=this.day;return n?n.begin.flatMap((r,i)=>{let a=e(Math.max(0,r-n.age_steps)),o=e(Math.min(this._n,(n.end[i]??r)-n.age_steps)),s=0;return Object.entries(n.heat_w).flatMap(([e,n])=>{let r=n[i]??0;if(r<1||o<=a)return[];let c=t(s+r),l=t(s)-c;s+=r;let u=this.colors.get(e)??`var(--heat)`;return[F`<rect x=${a} y=${c} width=${Math.max(1,o-a-1)} height=${l} rx="1" fill=${this.shadow?`none`:u} stroke=${this.shadow?u:`none`} />`]})}):[]}_v(e,t,n,r){let{day:i}=this,a=i.price_kwh.map(e=>e??0),o=de(a,e,t),s=d(i.known_steps,0,a.length)*2,c=o.slice(Math.max(0,s-1));return F` <path d=${l(o,[[0,n],[r,n]])} fill="var(--info-color, var(--primary-color))" opacity="0.12" /> <path d=${M(o.slice(0,s))} fill="none" stroke="var(--info-color, var(--primary-color))" stroke-width="1.5" /> <path d=${M(c)} fill="none" stroke="var(--info-color, var(--primary-color))" stroke-width="1.5" stroke-dasharray="2 3" opacity="0.7" /> `}_u(e,t,n){let r=e.map((e,r)=>E(e)?[t(r+.5),n(e)]:null);return F`<path d=${M(r)} fill="none" stroke="var(--muted)" stroke-width="1.5" stroke-linejoin="round" />`}},Et=[1,2,3,6,12,24],Dt=[`comfort`,`eco`,`away`],Ot=5,kt=28,At=class extends t{static{this.properties={hass:{attribute:!1},data:{attribute:!1},localize:{attribute:!1},targetC:{state:!0},hours:{state:!0},busy:{state:!0},error:{state:!0}}}static{this.styles=[u,f` :host{height:auto}.row{display:flex;flex-wrap:wrap;gap:8px;align-items:center}.active{justify-content:space-between;padding:8px 8px 8px 14px;border-radius:12px;background:var(--soft);margin-bottom:8px}.stepper{display:flex;align-items:center;border:1px solid var(--line);border-radius:10px}.stepper button{width:40px;height:40px;border:0;background:none;cursor:pointer;font-size:20px}.stepper output{min-width:68px;text-align:center;font-weight:500}.row + .row:not(.active){margin-top:8px}.profiles button{flex:1}select{flex:1 1 84px;min-width:0}button.set{padding:0 12px}.error{color:color-mix(in srgb,var(--error-color) 70%,var(--primary-text-color));margin-top:8px}.error:empty{display:none}.hint{margin-top:8px}`]}get _37(){return T(this.hass)?1:.5}get _3e(){let e=this.data.zones.map(e=>e.target_c).filter(E),t=this.targetC??(e.length?Math.max(...e):21),n=L(this.hass,t);return Math.round(n/this._37)*this._37}_h(e){this.targetC=d(C(this.hass,this._3e+e*this._37),Ot,kt)}async _g(e,t){this.busy=!0,this.error=void 0;try{await this.hass.callService(`proof_of_heat`,e,{config_entry_id:this.data.entry_id,...t}),this.targetC=void 0}catch(e){this.error=ee(e)}finally{this.busy=!1}}_2v(e){this._g(`override`,{...e,duration:{hours:this.hours??3}})}_o(e){let{hass:t,localize:n}=this,r=E(e.target_c)?x(t,e.target_c):n(`overview.profiles.${e.profile??`auto`}`);if(e.until===null)return e.zone?`${e.zone}: ${r}`:r;let i=g(t,e.until);return e.zone?n(`overview.override.zone_until`,{zone:e.zone,what:r,until:i}):n(`overview.override.until`,{what:r,until:i})}render(){let{data:e,localize:t,hass:n}=this,r=!e.can_control||!!this.busy,i=T(n)?`°F`:`°C`;return w` <h2>${t(`overview.override.title`)}</h2> ${p(e.overrides,e=>e.zone_id,n=>w` <div class="row active"> <span>${this._o(n)}</span> <button class="action end" ?disabled=${r} @click=${()=>void this._12(n)}> ${t(n.zone_id===null&&e.overrides.length>1?`overview.override.end_all`:`overview.override.end`)} </button> </div> `)} <div class="row"> <div class="stepper" role="group" aria-label=${t(`overview.override.temperature`)}> <button class="down" aria-label=${t(`overview.override.colder`)} ?disabled=${r} @click=${()=>this._h(-1)}>−</button> <output aria-live="polite">${v(this._3e,n.locale,+(this._37<1))} ${i}</output> <button class="up" aria-label=${t(`overview.override.warmer`)} ?disabled=${r} @click=${()=>this._h(1)}>+</button> </div> <select aria-label=${t(`overview.override.duration`)} ?disabled=${r} @change=${e=>{this.hours=Number(e.target.value)}} > ${Et.map(e=>w`<option value=${e} ?selected=${e===(this.hours??3)}> ${new Intl.NumberFormat(n.locale.language,{style:`unit`,unit:`hour`,unitDisplay:`short`}).format(e)} </option>`)} </select> <button class="action main set" ?disabled=${r} @click=${()=>this._2v({temperature:Math.round(C(n,this._3e)*100)/100})} > ${t(`overview.override.set`)} </button> </div> <div class="row profiles" role="group" aria-label=${t(`overview.override.profile`)}> ${Dt.map(e=>w`<button class="action" ?disabled=${r} @click=${()=>this._2v({profile:e})}> ${t(`overview.profiles.${e}`)} </button>`)} </div> ${e.can_control?A:w`<p class="muted hint">${t(`common.read_only`)}</p>`} <p class="error" role="alert">${this.error??``}</p> `}async _12(e){await this._g(`clear_override`,e.entity_id?{entity_id:e.entity_id}:{})}},jt=[u,f` .header{display:flex;gap:12px;align-items:center}.badge{flex:none;width:44px;height:44px;border-radius:50%;display:grid;place-items:center;color:var(--state-color);background:color-mix(in srgb,var(--state-color) 18%,transparent)}.who{flex:1;min-width:0}.who strong{display:block;font-size:18px;line-height:24px;font-weight:500;overflow-wrap:anywhere}.why{color:var(--muted);font-size:14px;line-height:20px}.room{text-align:right;flex:none}.room strong{font-size:24px;line-height:28px;font-weight:400;white-space:nowrap}.room span{display:block;font-size:12px;color:var(--muted);white-space:nowrap}.banner{display:flex;gap:12px;align-items:center;padding:10px 14px;border-radius:12px;border:1px dashed var(--state-color)}.banner.error{border-style:solid;--state-color:var(--error-color)}.banner ha-icon{flex:none;color:var(--state-color)}ha-card.shadow{border-style:dashed;border-color:var(--primary-color)}progress{appearance:none;width:100%;height:6px;border:0;margin:8px 0 6px;border-radius:3px;overflow:hidden;background:none}progress::-webkit-progress-bar{background:var(--line)}progress::-webkit-progress-value{background:var(--primary-color);border-radius:3px}progress::-moz-progress-bar{background:var(--primary-color)}.rungs li{display:grid;grid-template-columns:24px minmax(0,1fr) auto;gap:2px 10px;align-items:center;padding:7px 0}.rungs li + li{border-top:1px solid var(--line)}.rungs ha-icon{color:var(--muted);grid-row:span 3;align-self:start}.rungs .heating ha-icon,.rungs .own ha-icon{color:var(--source-color)}.rungs .name{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.rungs .heating .name{font-weight:500}.rungs .price{font-variant-numeric:tabular-nums;white-space:nowrap}.track{grid-column:2 / 4;height:6px;border-radius:3px;background:var(--soft);position:relative}.track i{position:absolute;inset-block:0;border-radius:3px;background:var(--source-color);opacity:0.35}.heating .track i,.own .track i{opacity:1}.rungs .state{grid-column:2 / 4;font-size:12px;line-height:16px;color:var(--muted)}.rungs .failing .state{color:color-mix(in srgb,var(--error-color) 70%,var(--primary-text-color))}.limits li{display:flex;gap:10px;padding:3px 0;align-items:flex-start}.limits ha-icon{--mdc-icon-size:18px;color:color-mix(in srgb,var(--warning-color) 55%,var(--primary-text-color));flex:none}.limits .note ha-icon{color:var(--muted)}@media (max-width:460px){ha-card{padding:14px}.who strong{font-size:16px}.badge{width:36px;height:36px}}:host{container-type:inline-size}@container (min-width:760px){ha-card{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1.4fr);grid-auto-rows:min-content;align-items:start;gap:16px 32px}.header,.banner,.tiles{grid-column:1 / -1}.next{grid-column:2;grid-row:auto / span var(--beside)}}`],Mt=(e,t)=>{customElements.get(e)||customElements.define(e,t)};Mt(`proof-of-heat-next-day`,Tt),Mt(`proof-of-heat-override`,At);var Nt=class extends i{constructor(...e){super(...e),this.texts=R,this._1r=new r(this,()=>this.config&&this.hass?{type:`proof_of_heat/overview/subscribe`,language:this.hass.locale.language,...V(this.config)}:void 0)}static{this.getStubConfig=rt}static{this.getConfigForm=()=>at(O(R,j()))}static{this.styles=jt}readConfig(e){return it(e)}_2y(e){return!this.config?.hide?.includes(e)}render(){let{hass:e}=this,{state:t,data:n}=this._1r;if(!e||!n?.available)return w`<ha-card>${P(t,this.localize,`system`)}</ha-card>`;let r=this._2y(`ladder`)&&n.sources.length>0,i=this._2y(`limits`)&&n.limits.length+n.notes.length>0,a=this._2y(`override`)&&n.active,o=Math.max(1,Number(r)+Number(i)+Number(a));return w` <ha-card class=${n.shadow?`shadow`:``} style=${`--state-color:${this._35(n)}`}> ${this._1e(n)} ${this._a(n)} ${this._2y(`figures`)?ot(n,e,this.localize):A} ${r?this._1m(n):A} ${this._2y(`next_day`)&&n.next_day?this._1y(n,o):A} ${i?this._1q(n):A} ${a?w`<proof-of-heat-override .hass=${e} .data=${n} .localize=${this.localize}></proof-of-heat-override>`:A} </ha-card> `}_35({state:e,failing:t}){if(t)return`var(--error-color)`;switch(e){case`heating`:return`var(--state-climate-heat-color, var(--deep-orange-color))`;case`limited`:return`var(--warning-color)`;case`frost`:return`var(--info-color)`;case`blind`:return`var(--error-color)`;case`idle`:return`var(--success-color, var(--green-color))`;case`off`:return`var(--secondary-text-color)`;default:return`var(--primary-color)`}}_1f(e){let{hass:t,localize:n}=this;if(!t)return``;let r=e.sources.filter(({heating:e})=>e);if(!r.length){let r=e.active?e.sources.filter(({commanded:e})=>e).map(({name:e})=>e):[];return r.length?n(`overview.heats`,{names:h(r,t.locale),power:n(`overview.starting`)}):n(`overview.states.${e.state}`)}let i=h(r.map(({name:e})=>e),t.locale);return E(e.heat.value)?n(`overview.heats`,{names:i,power:(e.heat.estimated?`≈\xA0`:``)+y(e.heat.value,t.locale)}):n(`overview.heats_unknown`,{names:i})}_1e(e){let t=this.hass;if(!t)return w``;let n=E(e.lower_c)&&E(e.upper_c);return w` <div class="header"> <div class="badge"><ha-icon icon=${we[e.state]??`mdi:radiator`}></ha-icon></div> <div class="who"> ${this.config?.title?w`<span class="why">${this.config.title}</span>`:A} <strong>${this._1f(e)}</strong> <p class="why">${e.text}</p> </div> <div class="room"> <strong>${x(t,e.room_c)}</strong> ${n?w`<span>${this.localize(`overview.band`,{low:v(L(t,e.lower_c??0),t.locale,1),high:x(t,e.upper_c)})}</span>`:A} ${E(e.outdoor_c)?w`<span>${this.localize(`overview.outdoor`,{value:x(t,e.outdoor_c)})}</span>`:A} </div> </div> `}_a(e){let t=(e,t,n=``)=>w` <div class=${`banner ${n}`} role="status"> <ha-icon icon=${e}></ha-icon> <p>${this.localize(t)}</p> </div> `;return e.failing?t(`mdi:alert-circle`,`overview.failing`,`error`):e.shadow?t(`mdi:eye-outline`,`overview.shadow`):e.active?A:t(`mdi:power`,`overview.off`)}_1m(e){return w` <section> <h2>${this.localize(`overview.ladder`)}</h2> <ul class="rungs"> ${ht(e.sources).map(t=>this._2o(t,e.currency))} </ul> </section> `}_2o({source:e,color:t,status:n,bar:r},i){let a=this.hass;if(!a)return w``;let{localize:o}=this,s=E(e.heat.value)?(e.heat.estimated?`≈\xA0`:``)+y(e.heat.value,a.locale):``,c=n===`waiting`?[gt(e,o)]:n===`failing`?[gt(e,o)||o(`overview.source.failing`)]:[o(`overview.source.${n}`),n===`commanded`?``:s,...e.limits];return w` <li class=${n} style=${`--source-color:${t}`}> <ha-icon icon=${Te[e.kind]??`mdi:radiator`}></ha-icon> <span class="name">${e.name}</span> <span class="price">${e.price_kwh===null?o(`overview.price_unknown`):b(e.price_kwh,i,a.locale)}</span> <span class="track" aria-hidden="true"> ${r?w`<i class="animated" style=${`left:${r.left}%;width:max(3px,${r.width}%)`}></i>`:A} </span> <span class="state">${c.filter(Boolean).join(` · `)}</span> </li> `}_1y(e,t){let{localize:n,hass:r}=this;if(!r)return w``;let i=e.next_day?.plan?g(r,e.next_day.plan.made*1e3):``;return w` <section class="next" style=${`--beside:${t}`}> <h2>${e.next_day?.plan?n(`overview.plan`,{time:i}):n(`overview.no_plan`)}</h2> <proof-of-heat-next-day .hass=${this.hass} .day=${e.next_day} .roomNow=${e.room_c} .currency=${e.currency} .colors=${mt(e.sources)} .localize=${n} ?shadow=${e.shadow||!e.active} ></proof-of-heat-next-day> </section> `}_1q(e){let t=(e,t,n)=>w`<li class=${t}><ha-icon icon=${n}></ha-icon><span>${e.charAt(0).toLocaleUpperCase()+e.slice(1)}</span></li>`;return w` <section> <h2>${this.localize(`overview.limits`)}</h2> <ul class="limits"> ${e.limits.map(e=>t(e,`limit`,`mdi:arrow-collapse-vertical`))} ${e.notes.map(e=>t(e,`note`,`mdi:information-outline`))} </ul> </section> `}},Pt=`proof-of-heat-house-card`,Ft=[`loss_w_k`,`time_constant_h`,`solar_gain_m2`],It=()=>({type:`custom:${Pt}`}),Lt=z,Rt=e=>B(e,Lt),zt=2,Bt=56,Vt=class extends i{constructor(...e){super(...e),this.texts=R,this._3p=new c(this),this._31=new n(this,()=>this.config?{type:`proof_of_heat/house/get`,...V(this.config)}:void 0)}static{this.getStubConfig=It}static{this.getConfigForm=()=>Rt(O(R,j()))}static{this.styles=[u,f` .tiles{grid-template-columns:repeat(auto-fit,minmax(150px,1fr))}.range{position:relative;height:6px;border-radius:3px;margin:6px 0;background:var(--line)}.range i{position:absolute;inset-block:0;border-radius:3px;background:var(--heat);opacity:0.4}.range b{position:absolute;inset-block:-2px;width:3px;margin-inline-start:-1px;border-radius:2px;background:var(--heat)}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th{font-weight:400;font-size:12px;color:var(--muted);text-align:start}th,td{padding:6px 8px 6px 0;border-bottom:1px solid var(--line)}tr:last-child > *{border-bottom:0}.good{color:color-mix(in srgb,var(--success-color,var(--green-color)) 55%,var(--primary-text-color))}progress{width:100%;accent-color:var(--primary-color)}td:first-child{white-space:nowrap}ha-card{container-type:inline-size}@container (max-width:430px){.tiles{grid-template-columns:1fr}}.small{font-size:12px}`]}readConfig(e){return Lt(e)}getCardSize(){return 6}render(){let{hass:e,localize:t}=this,n=this._31.data;return!e||!n?.available?w`<ha-card>${P(this._31.state,t,`system`)}</ha-card>`:w` <ha-card> <div> <h2 class="title">${this.config?.title??t(`house.name`)}</h2> <p class="muted small">${this._36(n,e)}</p> </div> ${n.values.loss_w_k?this._2k(n,e):this._1n(n)} </ha-card> `}_36(e,t){if(!e.values.loss_w_k)return this.localize(`house.learning`);let n=new Intl.NumberFormat(t.locale.language,{style:`unit`,unit:`day`,unitDisplay:`long`,maximumFractionDigits:0}).format(Math.max(1,e.days??0));return this.localize(e.learning.trusted?`house.used`:`house.checked`,{days:n})}_1n(e){let{hass:t,localize:n}=this;if(!t)return w``;let{learning:r}=e,i=r.expected?(Date.parse(r.expected)-Date.parse(e.time))/1e3:0;return w` <div> <progress max="100" value=${d(r.progress,0,100)} aria-label=${n(`house.learning`)}></progress> <p class="muted">${n(`house.learning_left`,{left:ne(Math.max(60,i),t.locale)})}</p> ${e.import.status===`running`?w`<p class="muted small">${n(`house.importing`,{days:v(e.import.days_imported,t.locale)})}</p>`:A} </div> `}_2k(e,t){return w` <div class="tiles">${Ft.map(n=>this._3l(n,e.values[n],e,t))}</div> ${this._3h(e,t)} ${this._9(e,t)} ${e.full_power_w===null&&e.full_load_cop===null?A:w`<p class="muted small">${this.localize(`house.pump`,{power:y(e.full_power_w,t.locale),cop:v(e.full_load_cop,t.locale,1)})}</p>`} `}_18(e,t,n,r=!1){let i=e===`loss_w_k`&&T(n)?t/1.8:t,a=v(i,n.locale,+(e===`solar_gain_m2`));return r?a:`${a} ${{loss_w_k:this._1u(n),time_constant_h:`h`,solar_gain_m2:`m²`}[e]}`}_1u(e){return T(e)?`W/°F`:`W/K`}_3l(e,t,n,r){let{localize:i}=this;if(!t)return w`<div class="tile"><span>${i(`house.${e}`)}</span><strong>${o}</strong></div>`;let{value:a,sd:s}=t,c=zt*(s??0),[l,u]=[Math.max(0,a-c),a+c],f=e=>d(e/(a*2||1)*100,0,100);return w` <div class="tile"> <span>${i(`house.${e}`)}</span> <strong>${this._18(e,a,r)}</strong> ${s===null?A:w`<div class="range" aria-hidden="true"><i style=${`left:${f(l)}%;width:${f(u)-f(l)}%`}></i><b style=${`left:${f(a)}%`}></b></div> <span>${i(`house.range`,{low:this._18(e,l,r,!0),high:this._18(e,u,r)})}</span>`} <span>${this._1v(e,a,n,r)}</span> </div> `}_1v(e,t,{room_c:n,outdoor_c:r},i){return e===`time_constant_h`?this.localize(`house.means.time_constant_h`):e===`solar_gain_m2`?this.localize(`house.means.solar_gain_m2`,{power:y(t*500,i.locale)}):!E(n)||!E(r)||n<=r?``:this.localize(`house.means.loss_w_k`,{outdoor:x(i,r,0),power:y(t*(n-r),i.locale)})}_3h(e,t){let n=e.loss_history;if(n.length<3)return A;let{localize:r}=this,i=this._3p.inside(),a=n.map(([,e])=>e),o=e.values.loss_w_k?.sd??0,[s,c]=[Math.min(...a)-zt*o,Math.max(...a)+zt*o],l=D(n[0]?.[0]??0,n[n.length-1]?.[0]??1,2,i-2),u=D(s,c>s?c:s+1,53,3),d=e.drift?this._x(e.drift,t):r(`house.drift_short`);return w` <section> <h2>${r(`house.trend`)}</h2> <svg width=${i} height=${Bt} role="img" aria-label=${d}> ${F`<path d=${M(n.map(([e,t])=>[l(e),u(t)]))} fill="none" stroke="var(--heat)" stroke-width="2" stroke-linejoin="round" />`} </svg> <p class="muted small">${d}</p> </section> `}_x({days:e,change_w_k:t,percent:n,significant:r},i){let a=T(i)?t/1.8:t,o=e=>e>0?`+`:``;return this.localize(r?`house.drifted`:`house.steady`,{days:v(e,i.locale),change:`${o(a)}${v(a,i.locale)} ${this._1u(i)}`,percent:`${o(n)}${ae(n,i.locale)}`})}_9(e,t){if(!e.backtest.length)return A;let{localize:n}=this,r=e=>new Intl.NumberFormat(t.locale.language,{style:`unit`,unit:`hour`,unitDisplay:`long`}).format(e);return w` <section> <h2>${n(`house.backtest`)}</h2> <table> <tr><th scope="col">${n(`house.lead`)}</th><th scope="col">${n(`house.error`)}</th><th scope="col">${n(`house.unchanged`)}</th></tr> ${e.backtest.map(({hours:e,error_k:n,unchanged_k:i})=>w`<tr> <td>${r(e)}</td> <td class=${E(i)&&n<i?`good`:``}>${m(t,n,2)}</td> <td>${m(t,i,2)}</td> </tr>`)} </table> ${E(e.learning.limit_k)?w`<p class="muted small">${n(`house.limit`,{limit:m(t,e.learning.limit_k,2)})}</p>`:A} </section> `}},Ht=class extends s{static{this.platform=`proof_of_heat`}static{this.entityDomain=`climate`}},Ut=new Set([`decision`,`cost_per_hour`,`demand`,`heat_power`,`savings`]),Wt=new Set([`cop_day`,`cop_month`,`cop_now`,`spf`]),Gt=new Set([`electricity`,`heat`,`cost`]),Kt=new Set([`heat_loss`,`model_error`,`learning_progress`]),qt=new Set([`slope`,`level`,`max_flow`,`flow_setpoint`]),$=(e,t,n)=>{let r=e.entities[t];return r?.platform===`proof_of_heat`&&n.has(r.translation_key??``)};N({tag:Ce,element:Nt,texts:R,key:`overview`,docs:`cards.md#heating-overview`,suggest:(e,t)=>$(e,t,Ut)?rt():null}),N({tag:qe,element:nt,texts:R,key:`curve`,docs:`cards.md#heating-curve`,suggest:(e,t)=>$(e,t,qt)?Je():null}),N({tag:pe,element:Se,texts:R,key:`cop`,docs:`cards.md#cop`,suggest:(e,t)=>$(e,t,Wt)?me():null}),N({tag:De,element:Ke,texts:R,key:`flow`,docs:`cards.md#energy-flow`,suggest:(e,t)=>$(e,t,Gt)?ke():null}),N({tag:Pt,element:Vt,texts:R,key:`house`,docs:`cards.md#house-report`,suggest:(e,t)=>$(e,t,Kt)?It():null}),N({tag:`proof-of-heat-week-schedule`,element:Ht,texts:a,key:`card`,docs:`dashboard.md#week-schedule`,suggest:(e,t)=>Ht.isSchedule(e,t)?{type:`custom:proof-of-heat-week-schedule`,entity:t}:null});