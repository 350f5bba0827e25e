var e=globalThis,t=e.ShadowRoot&&(e.ShadyCSS===void 0||e.ShadyCSS.nativeShadow)&&`adoptedStyleSheets`in Document.prototype&&`replace`in CSSStyleSheet.prototype,n=Symbol(),r=new WeakMap,i=class{constructor(e,t,r){if(this._$cssResult$=!0,r!==n)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,n=this.t;if(t&&e===void 0){let t=n!==void 0&&n.length===1;t&&(e=r.get(n)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),t&&r.set(n,e))}return e}toString(){return this.cssText}},a=e=>new i(typeof e==`string`?e:e+``,void 0,n),o=(e,...t)=>new i(e.length===1?e[0]:t.reduce((t,n,r)=>t+(e=>{if(!0===e._$cssResult$)return e.cssText;if(typeof e==`number`)return e;throw Error(`Value passed to 'css' function must be a 'css' function result: `+e+`. Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.`)})(n)+e[r+1],e[0]),e,n),s=(n,r)=>{if(t)n.adoptedStyleSheets=r.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(let t of r){let r=document.createElement(`style`),i=e.litNonce;i!==void 0&&r.setAttribute(`nonce`,i),r.textContent=t.cssText,n.appendChild(r)}},c=t?e=>e:e=>e instanceof CSSStyleSheet?(e=>{let t=``;for(let n of e.cssRules)t+=n.cssText;return a(t)})(e):e,{is:l,defineProperty:u,getOwnPropertyDescriptor:d,getOwnPropertyNames:ee,getOwnPropertySymbols:te,getPrototypeOf:ne}=Object,f=globalThis,re=f.trustedTypes,ie=re?re.emptyScript:``,ae=f.reactiveElementPolyfillSupport,p=(e,t)=>e,m={toAttribute(e,t){switch(t){case Boolean:e=e?ie:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},oe=(e,t)=>!l(e,t),se={attribute:!0,type:String,converter:m,reflect:!1,useDefault:!1,hasChanged:oe};Symbol.metadata??=Symbol(`metadata`),f.litPropertyMetadata??=new WeakMap;var h=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=se){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),r=this.getPropertyDescriptor(e,n,t);r!==void 0&&u(this.prototype,e,r)}}static getPropertyDescriptor(e,t,n){let{get:r,set:i}=d(this.prototype,e)??{get(){return this[t]},set(e){this[t]=e}};return{get:r,set(t){let a=r?.call(this);i?.call(this,t),this.requestUpdate(e,a,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??se}static _$Ei(){if(this.hasOwnProperty(p(`elementProperties`)))return;let e=ne(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(p(`finalized`)))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(p(`properties`))){let e=this.properties,t=[...ee(e),...te(e)];for(let n of t)this.createProperty(n,e[n])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[e,n]of t)this.elementProperties.set(e,n)}this._$Eh=new Map;for(let[e,t]of this.elementProperties){let n=this._$Eu(e,t);n!==void 0&&this._$Eh.set(n,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let e of n)t.unshift(c(e))}else e!==void 0&&t.push(c(e));return t}static _$Eu(e,t){let n=t.attribute;return!1===n?void 0:typeof n==`string`?n:typeof e==`string`?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return s(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),r=this.constructor._$Eu(e,n);if(r!==void 0&&!0===n.reflect){let i=(n.converter?.toAttribute===void 0?m:n.converter).toAttribute(t,n.type);this._$Em=e,i==null?this.removeAttribute(r):this.setAttribute(r,i),this._$Em=null}}_$AK(e,t){let n=this.constructor,r=n._$Eh.get(e);if(r!==void 0&&this._$Em!==r){let e=n.getPropertyOptions(r),i=typeof e.converter==`function`?{fromAttribute:e.converter}:e.converter?.fromAttribute===void 0?m:e.converter;this._$Em=r;let a=i.fromAttribute(t,e.type);this[r]=a??this._$Ej?.get(r)??a,this._$Em=null}}requestUpdate(e,t,n,r=!1,i){if(e!==void 0){let a=this.constructor;if(!1===r&&(i=this[e]),n??=a.getPropertyOptions(e),!((n.hasChanged??oe)(i,t)||n.useDefault&&n.reflect&&i===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,n))))return;this.C(e,t,n)}!1===this.isUpdatePending&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:r,wrapped:i},a){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),!0!==i||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),!0===r&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[e,t]of this._$Ep)this[e]=t;this._$Ep=void 0}let e=this.constructor.elementProperties;if(e.size>0)for(let[t,n]of e){let{wrapped:e}=n,r=this[t];!0!==e||this._$AL.has(t)||r===void 0||this.C(t,void 0,n,r)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(e=>e.hostUpdate?.()),this.update(t)):this._$EM()}catch(t){throw e=!1,this._$EM(),t}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(e){}firstUpdated(e){}};h.elementStyles=[],h.shadowRootOptions={mode:`open`},h[p(`elementProperties`)]=new Map,h[p(`finalized`)]=new Map,ae?.({ReactiveElement:h}),(f.reactiveElementVersions??=[]).push(`2.1.2`);var g=globalThis,ce=e=>e,_=g.trustedTypes,le=_?_.createPolicy(`lit-html`,{createHTML:e=>e}):void 0,ue=`$lit$`,v=`lit$${Math.random().toFixed(9).slice(2)}$`,de=`?`+v,fe=`<${de}>`,y=document,b=()=>y.createComment(``),x=e=>e===null||typeof e!=`object`&&typeof e!=`function`,pe=Array.isArray,me=e=>pe(e)||typeof e?.[Symbol.iterator]==`function`,S=`[ 	
\f\r]`,C=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,he=/-->/g,ge=/>/g,w=RegExp(`>|${S}(?:([^\\s"'>=/]+)(${S}*=${S}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`,`g`),_e=/'/g,ve=/"/g,ye=/^(?:script|style|textarea|title)$/i,be=e=>(t,...n)=>({_$litType$:e,strings:t,values:n}),T=be(1),E=be(2),D=Symbol.for(`lit-noChange`),O=Symbol.for(`lit-nothing`),xe=new WeakMap,k=y.createTreeWalker(y,129);function Se(e,t){if(!pe(e)||!e.hasOwnProperty(`raw`))throw Error(`invalid template strings array`);return le===void 0?t:le.createHTML(t)}var Ce=(e,t)=>{let n=e.length-1,r=[],i,a=t===2?`<svg>`:t===3?`<math>`:``,o=C;for(let t=0;t<n;t++){let n=e[t],s,c,l=-1,u=0;for(;u<n.length&&(o.lastIndex=u,c=o.exec(n),c!==null);)u=o.lastIndex,o===C?c[1]===`!--`?o=he:c[1]===void 0?c[2]===void 0?c[3]!==void 0&&(o=w):(ye.test(c[2])&&(i=RegExp(`</`+c[2],`g`)),o=w):o=ge:o===w?c[0]===`>`?(o=i??C,l=-1):c[1]===void 0?l=-2:(l=o.lastIndex-c[2].length,s=c[1],o=c[3]===void 0?w:c[3]===`"`?ve:_e):o===ve||o===_e?o=w:o===he||o===ge?o=C:(o=w,i=void 0);let d=o===w&&e[t+1].startsWith(`/>`)?` `:``;a+=o===C?n+fe:l>=0?(r.push(s),n.slice(0,l)+ue+n.slice(l)+v+d):n+v+(l===-2?t:d)}return[Se(e,a+(e[n]||`<?>`)+(t===2?`</svg>`:t===3?`</math>`:``)),r]},A=class e{constructor({strings:t,_$litType$:n},r){let i;this.parts=[];let a=0,o=0,s=t.length-1,c=this.parts,[l,u]=Ce(t,n);if(this.el=e.createElement(l,r),k.currentNode=this.el.content,n===2||n===3){let e=this.el.content.firstChild;e.replaceWith(...e.childNodes)}for(;(i=k.nextNode())!==null&&c.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let e of i.getAttributeNames())if(e.endsWith(ue)){let t=u[o++],n=i.getAttribute(e).split(v),r=/([.?@])?(.*)/.exec(t);c.push({type:1,index:a,name:r[2],strings:n,ctor:r[1]===`.`?Te:r[1]===`?`?Ee:r[1]===`@`?De:N}),i.removeAttribute(e)}else e.startsWith(v)&&(c.push({type:6,index:a}),i.removeAttribute(e));if(ye.test(i.tagName)){let e=i.textContent.split(v),t=e.length-1;if(t>0){i.textContent=_?_.emptyScript:``;for(let n=0;n<t;n++)i.append(e[n],b()),k.nextNode(),c.push({type:2,index:++a});i.append(e[t],b())}}}else if(i.nodeType===8){if(i.data===de)c.push({type:2,index:a});else{let e=-1;for(;(e=i.data.indexOf(v,e+1))!==-1;)c.push({type:7,index:a}),e+=v.length-1}}a++}}static createElement(e,t){let n=y.createElement(`template`);return n.innerHTML=e,n}};function j(e,t,n=e,r){if(t===D)return t;let i=r===void 0?n._$Cl:n._$Co?.[r],a=x(t)?void 0:t._$litDirective$;return i?.constructor!==a&&(i?._$AO?.(!1),a===void 0?i=void 0:(i=new a(e),i._$AT(e,n,r)),r===void 0?n._$Cl=i:(n._$Co??=[])[r]=i),i!==void 0&&(t=j(e,i._$AS(e,t.values),i,r)),t}var we=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,r=(e?.creationScope??y).importNode(t,!0);k.currentNode=r;let i=k.nextNode(),a=0,o=0,s=n[0];for(;s!==void 0;){if(a===s.index){let t;s.type===2?t=new M(i,i.nextSibling,this,e):s.type===1?t=new s.ctor(i,s.name,s.strings,this,e):s.type===6&&(t=new Oe(i,this,e)),this._$AV.push(t),s=n[++o]}a!==s?.index&&(i=k.nextNode(),a++)}return k.currentNode=y,r}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings===void 0?n._$AI(e[t]):(n._$AI(e,n,t),t+=n.strings.length-2)),t++}},M=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,n,r){this.type=2,this._$AH=O,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=n,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=j(this,e,t),x(e)?e===O||e==null||e===``?(this._$AH!==O&&this._$AR(),this._$AH=O):e!==this._$AH&&e!==D&&this._(e):e._$litType$===void 0?e.nodeType===void 0?me(e)?this.k(e):this._(e):this.T(e):this.$(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==O&&x(this._$AH)?this._$AA.nextSibling.data=e:this.T(y.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:n}=e,r=typeof n==`number`?this._$AC(e):(n.el===void 0&&(n.el=A.createElement(Se(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===r)this._$AH.p(t);else{let e=new we(r,this),n=e.u(this.options);e.p(t),this.T(n),this._$AH=e}}_$AC(e){let t=xe.get(e.strings);return t===void 0&&xe.set(e.strings,t=new A(e)),t}k(t){pe(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,r,i=0;for(let a of t)i===n.length?n.push(r=new e(this.O(b()),this.O(b()),this,this.options)):r=n[i],r._$AI(a),i++;i<n.length&&(this._$AR(r&&r._$AB.nextSibling,i),n.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){let t=ce(e).nextSibling;ce(e).remove(),e=t}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},N=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,r,i){this.type=1,this._$AH=O,this._$AN=void 0,this.element=e,this.name=t,this._$AM=r,this.options=i,n.length>2||n[0]!==``||n[1]!==``?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=O}_$AI(e,t=this,n,r){let i=this.strings,a=!1;if(i===void 0)e=j(this,e,t,0),a=!x(e)||e!==this._$AH&&e!==D,a&&(this._$AH=e);else{let r=e,o,s;for(e=i[0],o=0;o<i.length-1;o++)s=j(this,r[n+o],t,o),s===D&&(s=this._$AH[o]),a||=!x(s)||s!==this._$AH[o],s===O?e=O:e!==O&&(e+=(s??``)+i[o+1]),this._$AH[o]=s}a&&!r&&this.j(e)}j(e){e===O?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??``)}},Te=class extends N{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===O?void 0:e}},Ee=class extends N{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==O)}},De=class extends N{constructor(e,t,n,r,i){super(e,t,n,r,i),this.type=5}_$AI(e,t=this){if((e=j(this,e,t,0)??O)===D)return;let n=this._$AH,r=e===O&&n!==O||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,i=e!==O&&(n===O||r);r&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH==`function`?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},Oe=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){j(this,e)}};(0,g.litHtmlPolyfillSupport)?.(A,M),(g.litHtmlVersions??=[]).push(`3.3.3`);var ke=(e,t,n)=>{let r=n?.renderBefore??t,i=r._$litPart$;if(i===void 0){let e=n?.renderBefore??null;r._$litPart$=i=new M(t.insertBefore(b(),e),e,void 0,n??{})}return i._$AI(e),i},P=globalThis,F=class extends h{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=ke(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return D}};F._$litElement$=!0,F.finalized=!0,P.litElementHydrateSupport?.({LitElement:F}),(0,P.litElementPolyfillSupport)?.({LitElement:F}),(P.litElementVersions??=[]).push(`4.2.2`);var Ae=(e,t)=>{let n=e;for(let e of t.split(`.`))n=typeof n==`object`?n[e]:void 0;return typeof n==`string`?n:void 0},I=(e,t)=>{let n=e[t]??e[t.split(`-`)[0]??`en`];return(t,r)=>{let i=Ae(n,t)??Ae(e.en,t)??t;return r?i.replace(/\{(\w+)\}/g,(e,t)=>String(r[t]??e)):i}},je=(e,t)=>{let n={en:{}};for(let r of Object.keys(e))n[r]={...e[r],common:t[r]??t.en};return n},L=()=>document.documentElement.lang||navigator.language||`en`,Me=class extends F{static{this.properties={hass:{attribute:!1},config:{state:!0}}}setConfig(e){this.config=this.readConfig(e)}get localize(){let e=this.hass?.locale.language??L();return this.cached?.language!==e&&(this.cached={language:e,localize:I(this.texts,e)}),this.cached.localize}},Ne=`https://github.com/heat-suite/heat-suite/blob/main/docs/`,Pe=({tag:e,element:t,texts:n,key:r,docs:i,suggest:a})=>{if(customElements.get(e)||customElements.define(e,t),window.customCards??=[],window.customCards.some(t=>t.type===e))return;let o=I(n,L());window.customCards.push({type:e,name:o(`${r}.name`),description:o(`${r}.description`),preview:!0,documentationURL:Ne+i,...a&&{getEntitySuggestion:(e,t)=>{let n=a(e,t);return n&&{config:n}}}})},Fe={comma_decimal:[`en-US`,`en`],decimal_comma:[`de`,`es`,`it`],space_comma:[`fr`,`sv`,`cs`],quote_decimal:[`de-CH`]},R=e=>typeof e==`number`&&Number.isFinite(e),Ie=e=>e.number_format===`system`?void 0:Fe[e.number_format]??[e.language],z=(e,t,n=0,r=n)=>R(e)?new Intl.NumberFormat(Ie(t),{minimumFractionDigits:r,maximumFractionDigits:n,useGrouping:t.number_format!==`none`}).format(e===0?0:e):`–`,B=e=>e.config.unit_system.temperature===`°F`,V=(e,t)=>B(e)?t*1.8+32:t,Le=(e,t)=>B(e)?(t-32)/1.8:t,H=(e,t,n=1)=>R(t)?`${z(V(e,t),e.locale,n)} ${B(e)?`°F`:`°C`}`:`–`,Re=(e,t,n=1)=>R(t)?`${z(B(e)?t*1.8:t,e.locale,n)} ${B(e)?`°F`:`K`}`:`–`,U=(e,t)=>R(e)?Math.abs(e)>=1e3?`${z(e/1e3,t,1)} kW`:`${z(e,t)} W`:`–`,W=(e,t,n,r=2)=>{if(!R(e))return`–`;try{return new Intl.NumberFormat(Ie(n),{style:`currency`,currency:t,minimumFractionDigits:r,maximumFractionDigits:r}).format(e===0?0:e)}catch{return`${z(e,n,r)} ${t}`}},ze=(e,t,n=0)=>R(e)?`${z(e,t,n)} %`:`–`,Be=e=>{if(e.time_format===`12`||e.time_format===`24`)return e.time_format===`12`;let t=e.time_format===`system`?void 0:e.language;return new Intl.DateTimeFormat(t,{hour:`numeric`}).resolvedOptions().hour12===!0},G=e=>e.locale.time_zone===`server`?e.config.time_zone:void 0,K=e=>e instanceof Date?e:new Date(e),q=e=>{let t=G(e);return Be(e.locale)?{hour:`numeric`,minute:`2-digit`,hour12:!0,...t&&{timeZone:t}}:{hour:`2-digit`,minute:`2-digit`,hourCycle:`h23`,...t&&{timeZone:t}}},J=(e,t)=>new Intl.DateTimeFormat(e.locale.language,q(e)).format(K(t)),Ve=(e,t)=>{let{minute:n,...r}=q(e);return Be(e.locale)?new Intl.DateTimeFormat(e.locale.language,r).format(K(t)):J(e,t).slice(0,2)},He=(e,t,n=new Date)=>{let r=G(e),i=new Intl.DateTimeFormat(`en-CA`,{dateStyle:`short`,...r&&{timeZone:r}});return i.format(K(t))===i.format(n)?J(e,t):new Intl.DateTimeFormat(e.locale.language,{weekday:`short`,...q(e)}).format(K(t))},Ue=(e,t)=>{let n=G(e),r=new Intl.DateTimeFormat(`en-GB`,{hour:`2-digit`,hourCycle:`h23`,...n&&{timeZone:n}});return Number(r.format(K(t)))},We=(e,t)=>{if(!R(e))return`–`;let n=Math.max(1,Math.round(e/60)),r=(e,n)=>new Intl.NumberFormat(t.language,{style:`unit`,unit:n,unitDisplay:`short`}).format(e);if(n<60)return r(n,`minute`);let i=Math.floor(n/60);return i<48?n%60?`${r(i,`hour`)} ${r(n%60,`minute`)}`:r(i,`hour`):r(Math.round(i/24),`day`)},Ge={EUR:`ct`,USD:`¢`,CAD:`¢`,AUD:`¢`,NZD:`c`,GBP:`p`,CHF:`Rp.`,SEK:`öre`,NOK:`øre`,DKK:`øre`},Y=(e,t,n)=>{if(!R(e))return`–`;let r=Ge[t];return r?`${z(e*100,n,1)} ${r}/kWh`:`${W(e,t,n,3)}/kWh`},Ke=(e,t)=>new Intl.ListFormat(t.language,{type:`conjunction`}).format(e),qe=(e,t,n,r)=>t===e?()=>(n+r)/2:i=>n+(i-e)/(t-e)*(r-n),Je=e=>String(Math.round(e*10)/10),X=e=>{let t=`M`,n=``;for(let r of e)r?(n+=`${t}${Je(r[0])} ${Je(r[1])}`,t=`L`):t=`M`;return n},Ye=(e,t)=>e.length?`${X([...e,...[...t].reverse()])}Z`:``,Xe=(e,t,n)=>e.flatMap((e,r)=>[[t(r),n(e)],[t(r+1),n(e)]]),Z=(e,t,n)=>Math.min(n,Math.max(t,e)),Q=e=>typeof e==`number`&&Number.isFinite(e),$=(e,t,n=``)=>T`
<div class="message" role="status">
<ha-icon icon=${e}></ha-icon>
<div>
<p>${t}</p>
${n?T`<p class="muted">${n}</p>`:``}
</div>
</div>
`,Ze=(e,t,n)=>e.kind===`loading`?$(`mdi:timer-sand`,t(`common.loading`)):e.kind===`data`?$(`mdi:cloud-off-outline`,t(`${n}.unavailable`)):e.code===`not_found`||e.code===`unknown_command`?$(`mdi:help-circle-outline`,t(`${n}.not_found`),t(`common.retrying`)):$(`mdi:alert-circle-outline`,e.message,t(`common.retrying`)),Qe=o`
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
p {
margin: 0;
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
color: var(--primary-color);
}
button.action.main {
background: var(--primary-color);
border-color: var(--primary-color);
color: var(--text-primary-color);
}
button.action:hover:not(:disabled) {
background: color-mix(in srgb, var(--primary-color) 12%, transparent);
}
button.action.main:hover:not(:disabled) {
background: color-mix(in srgb, var(--primary-color) 85%, var(--primary-text-color));
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
`,$e=e=>typeof e==`object`&&!!e&&`code`in e&&`message`in e,et=1e4,tt=class{constructor(e,t,n){this.host=e,this.message=t,this.onData=n,this.state={kind:`loading`},this.key=``,e.addController(this)}hostConnected(){this.refresh()}hostDisconnected(){this.stop()}hostUpdated(){this.refresh()}get data(){return this.state.kind===`data`?this.state.data:void 0}refresh(){let e=this.host.hass?.connection,t=this.message();if(!e||!t||!this.host.isConnected)return;let n=JSON.stringify(t);(e!==this.connection||n!==this.key)&&(this.stop(),this.connection=e,this.key=n,this.start(e,t))}start(e,t){let n=!1,r,i;this.end=()=>{n=!0,clearTimeout(i),r&&Promise.resolve(r()).catch(()=>void 0)};let a=()=>{e.subscribeMessage(e=>{n||(this.state={kind:`data`,data:e},this.onData?.(e),this.host.requestUpdate())},t).then(e=>{r=e,n&&Promise.resolve(e()).catch(()=>void 0)},e=>{if(n)return;let{code:t,message:r}=$e(e)?e:{code:`unknown`,message:String(e)};this.state={kind:`error`,code:t,message:r},this.host.requestUpdate(),i=setTimeout(a,et)})};a()}stop(){this.end?.(),this.end=void 0,this.connection=void 0,this.key=``,this.state={kind:`loading`}}},nt=je({en:{editor:{entry_id:`Heating system`,entry_id_help:`Leave empty to use the first heating system.`,title:`Title`,hide:`Hide`},overview:{name:`Heating overview`,description:`What heats now and why, what it costs and saves, the next 24 hours, and overrides.`,unavailable:`The heating system is not loaded.`,not_found:`Heating system not found, or you have no permission to see it.`,heats:`{names}: {power}`,heats_unknown:`{names} heats`,states:{off:`Heating control is off`,shadow:`Simulation only`,starting:`Starting`,frost:`Frost protection`,blind:`Fixed flow temperature`,commissioning:`Measuring the heat source`,heating:`Heating`,limited:`Heat needed, but limited`,idle:`No heat needed`},band:`Comfort {low}–{high}`,outdoor:`Outdoors {value}`,failing:`The last control cycle failed. The values below may be out of date.`,shadow:`Simulation: this is what heating control would do. Nothing is controlled.`,off:`Heating control is off. The sources run on their own; the plan below is not carried out.`,cost_now:`Cost now`,electricity:`Electricity {price}`,no_price:`Electricity price unknown`,saved:`Saved in {days}`,would_save:`Would have saved in {days}`,interval:`90 % certain: {low} to {high}`,learning:`Learning the house`,checking:`Checking the learned house`,learning_left:`First plan in about {left}`,learning_error:`Prediction error {error}; planning starts below {limit}`,ladder:`Price of heat now`,price_unknown:`Price unknown`,source:{heating:`Heating`,commanded:`Switched on, not heating yet`,own:`Heating on its own`,failing:`Not responding`},reasons:{no_demand:`No heat needed`,more_expensive:`More expensive`,not_needed:`Not needed`,control_off:`Heating control is off`},plan:`Next 24 hours, planned at {time}`,no_plan:`Next 24 hours, no plan yet`,chart:{label:`Time in the next 24 hours`,now:`Now`,room:`Room`,heat:`Heat`,price:`Electricity price`,outdoor:`Outdoors`},limits:`What limits heating`,profiles:{auto:`Auto`,comfort:`Comfort`,eco:`Eco`,away:`Away`,antifreeze:`Frost protection`},override:{title:`Override`,until:`{what} until {until}`,zone_until:`{zone}: {what} until {until}`,end:`End`,end_all:`End all`,temperature:`Temperature`,colder:`Colder`,warmer:`Warmer`,duration:`Duration`,set:`Set`,profile:`Profile`},parts:{figures:`Cost and savings`,ladder:`Price of heat`,next_day:`Next 24 hours`,limits:`Limits`,override:`Override`}}},de:{editor:{entry_id:`Heizsystem`,entry_id_help:`Leer lassen, um das erste Heizsystem zu verwenden.`,title:`Titel`,hide:`Ausblenden`},overview:{name:`Heizungsübersicht`,description:`Was gerade heizt und warum, was es kostet und spart, die nächsten 24 Stunden und Übersteuerungen.`,unavailable:`Das Heizsystem ist nicht geladen.`,not_found:`Heizsystem nicht gefunden, oder du darfst es nicht sehen.`,heats:`{names}: {power}`,heats_unknown:`{names} heizt`,states:{off:`Heizungsregelung ist aus`,shadow:`Nur Simulation`,starting:`Startet`,frost:`Frostschutz`,blind:`Feste Vorlauftemperatur`,commissioning:`Wärmeerzeuger wird vermessen`,heating:`Heizt`,limited:`Wärme nötig, aber begrenzt`,idle:`Keine Wärme nötig`},band:`Komfort {low}–{high}`,outdoor:`Außen {value}`,failing:`Der letzte Regelzyklus ist fehlgeschlagen. Die Werte unten sind möglicherweise veraltet.`,shadow:`Simulation: Das würde die Heizungsregelung tun. Es wird nichts geregelt.`,off:`Die Heizungsregelung ist aus. Die Wärmeerzeuger laufen selbstständig; der Plan unten wird nicht ausgeführt.`,cost_now:`Kosten jetzt`,electricity:`Strom {price}`,no_price:`Strompreis unbekannt`,saved:`Gespart in {days}`,would_save:`Ersparnis in {days} wäre gewesen`,interval:`Zu 90 % sicher: {low} bis {high}`,learning:`Haus wird gelernt`,checking:`Gelerntes Haus wird geprüft`,learning_left:`Erster Plan in etwa {left}`,learning_error:`Vorhersagefehler {error}; geplant wird unter {limit}`,ladder:`Wärmepreis jetzt`,price_unknown:`Preis unbekannt`,source:{heating:`Heizt`,commanded:`Eingeschaltet, heizt noch nicht`,own:`Heizt selbstständig`,failing:`Antwortet nicht`},reasons:{no_demand:`Keine Wärme nötig`,more_expensive:`Teurer`,not_needed:`Nicht nötig`,control_off:`Heizungsregelung ist aus`},plan:`Nächste 24 Stunden, geplant um {time}`,no_plan:`Nächste 24 Stunden, noch kein Plan`,chart:{label:`Zeit in den nächsten 24 Stunden`,now:`Jetzt`,room:`Raum`,heat:`Wärme`,price:`Strompreis`,outdoor:`Außen`},limits:`Was das Heizen begrenzt`,profiles:{auto:`Automatik`,comfort:`Komfort`,eco:`Eco`,away:`Abwesend`,antifreeze:`Frostschutz`},override:{title:`Übersteuerung`,until:`{what} bis {until}`,zone_until:`{zone}: {what} bis {until}`,end:`Beenden`,end_all:`Alle beenden`,temperature:`Temperatur`,colder:`Kälter`,warmer:`Wärmer`,duration:`Dauer`,set:`Einstellen`,profile:`Profil`},parts:{figures:`Kosten und Ersparnis`,ladder:`Wärmepreis`,next_day:`Nächste 24 Stunden`,limits:`Begrenzungen`,override:`Übersteuerung`}}},fi:{editor:{entry_id:`Lämmitysjärjestelmä`,entry_id_help:`Jätä tyhjäksi, jos haluat käyttää ensimmäistä lämmitysjärjestelmää.`,title:`Otsikko`,hide:`Piilota`},overview:{name:`Lämmityksen yleiskuva`,description:`Mikä lämmittää nyt ja miksi, mitä se maksaa ja säästää, seuraavat 24 tuntia ja ohitukset.`,unavailable:`Lämmitysjärjestelmää ei ole ladattu.`,not_found:`Lämmitysjärjestelmää ei löytynyt, tai sinulla ei ole oikeutta nähdä sitä.`,heats:`{names}: {power}`,heats_unknown:`{names} lämmittää`,states:{off:`Lämmityksen ohjaus on pois päältä`,shadow:`Vain simulointi`,starting:`Käynnistyy`,frost:`Jäätymissuoja`,blind:`Kiinteä menoveden lämpötila`,commissioning:`Lämmönlähdettä mitataan`,heating:`Lämmittää`,limited:`Lämpöä tarvitaan, mutta sitä on rajoitettu`,idle:`Lämpöä ei tarvita`},band:`Mukavuus {low}–{high}`,outdoor:`Ulkona {value}`,failing:`Viimeisin ohjauskierros epäonnistui. Alla olevat arvot voivat olla vanhentuneita.`,shadow:`Simulointi: näin lämmityksen ohjaus toimisi. Mitään ei ohjata.`,off:`Lämmityksen ohjaus on pois päältä. Lähteet toimivat itsenäisesti; alla olevaa suunnitelmaa ei toteuteta.`,cost_now:`Kustannus nyt`,electricity:`Sähkö {price}`,no_price:`Sähkön hinta ei ole tiedossa`,saved:`Säästetty: {days}`,would_save:`Säästö olisi ollut: {days}`,interval:`90 % varmuudella {low} – {high}`,learning:`Taloa opitaan`,checking:`Opittua taloa tarkistetaan`,learning_left:`Ensimmäinen suunnitelma noin {left} kuluttua`,learning_error:`Ennustevirhe {error}; suunnittelu alkaa, kun se on alle {limit}`,ladder:`Lämmön hinta nyt`,price_unknown:`Hinta ei ole tiedossa`,source:{heating:`Lämmittää`,commanded:`Kytketty päälle, ei vielä lämmitä`,own:`Lämmittää itsenäisesti`,failing:`Ei vastaa`},reasons:{no_demand:`Lämpöä ei tarvita`,more_expensive:`Kalliimpi`,not_needed:`Ei tarvita`,control_off:`Lämmityksen ohjaus on pois päältä`},plan:`Seuraavat 24 tuntia, suunniteltu klo {time}`,no_plan:`Seuraavat 24 tuntia, ei vielä suunnitelmaa`,chart:{label:`Aika seuraavan 24 tunnin aikana`,now:`Nyt`,room:`Huone`,heat:`Lämpö`,price:`Sähkön hinta`,outdoor:`Ulkona`},limits:`Mikä rajoittaa lämmitystä`,profiles:{auto:`Automaattinen`,comfort:`Mukavuus`,eco:`Eko`,away:`Poissa`,antifreeze:`Jäätymissuoja`},override:{title:`Ohitus`,until:`{what}, päättyy {until}`,zone_until:`{zone}: {what}, päättyy {until}`,end:`Lopeta`,end_all:`Lopeta kaikki`,temperature:`Lämpötila`,colder:`Viileämpi`,warmer:`Lämpimämpi`,duration:`Kesto`,set:`Aseta`,profile:`Profiili`},parts:{figures:`Kustannukset ja säästöt`,ladder:`Lämmön hinta`,next_day:`Seuraavat 24 tuntia`,limits:`Rajoitukset`,override:`Ohitus`}}},ru:{editor:{entry_id:`Система отопления`,entry_id_help:`Оставьте пустым, чтобы использовать первую систему отопления.`,title:`Заголовок`,hide:`Скрыть`},overview:{name:`Обзор отопления`,description:`Что греет сейчас и почему, сколько это стоит и экономит, следующие 24 часа и временные настройки.`,unavailable:`Система отопления не загружена.`,not_found:`Система отопления не найдена, или у вас нет прав на её просмотр.`,heats:`{names}: {power}`,heats_unknown:`{names}: идёт нагрев`,states:{off:`Управление отоплением выключено`,shadow:`Только моделирование`,starting:`Запуск`,frost:`Защита от замерзания`,blind:`Постоянная температура подачи`,commissioning:`Измерение источника тепла`,heating:`Нагрев`,limited:`Тепло нужно, но ограничено`,idle:`Тепло не требуется`},band:`Комфорт {low}–{high}`,outdoor:`На улице {value}`,failing:`Последний цикл управления завершился ошибкой. Значения ниже могут быть устаревшими.`,shadow:`Моделирование: так действовало бы управление отоплением. Ничего не управляется.`,off:`Управление отоплением выключено. Источники работают сами; план ниже не выполняется.`,cost_now:`Затраты сейчас`,electricity:`Электричество {price}`,no_price:`Цена электричества неизвестна`,saved:`Сэкономлено за {days}`,would_save:`Экономия за {days} составила бы`,interval:`С вероятностью 90 %: от {low} до {high}`,learning:`Изучение дома`,checking:`Проверка модели дома`,learning_left:`Первый план примерно через {left}`,learning_error:`Ошибка прогноза {error}; планирование начнётся ниже {limit}`,ladder:`Цена тепла сейчас`,price_unknown:`Цена неизвестна`,source:{heating:`Греет`,commanded:`Включён, ещё не греет`,own:`Греет самостоятельно`,failing:`Не отвечает`},reasons:{no_demand:`Тепло не требуется`,more_expensive:`Дороже`,not_needed:`Не требуется`,control_off:`Управление отоплением выключено`},plan:`Следующие 24 часа, план составлен в {time}`,no_plan:`Следующие 24 часа, плана пока нет`,chart:{label:`Время в следующие 24 часа`,now:`Сейчас`,room:`Комната`,heat:`Тепло`,price:`Цена электричества`,outdoor:`На улице`},limits:`Что ограничивает отопление`,profiles:{auto:`Авто`,comfort:`Комфорт`,eco:`Эко`,away:`Не дома`,antifreeze:`Защита от замерзания`},override:{title:`Временная настройка`,until:`{what} до {until}`,zone_until:`{zone}: {what} до {until}`,end:`Завершить`,end_all:`Завершить все`,temperature:`Температура`,colder:`Холоднее`,warmer:`Теплее`,duration:`Длительность`,set:`Установить`,profile:`Профиль`},parts:{figures:`Затраты и экономия`,ladder:`Цена тепла`,next_day:`Следующие 24 часа`,limits:`Ограничения`,override:`Временная настройка`}}}},{en:{loading:`Loading…`,not_available:`Not available`,retrying:`Trying again every 10 seconds.`,save:`Save`,undo:`Undo`,unsaved:`Unsaved changes`,saving:`Saving…`,saved:`Saved`,conflict:`Someone else saved a change in the meantime. Your changes were not saved.`,load_changes:`Show their change`,read_only:`You do not have permission to change this.`},de:{loading:`Wird geladen…`,not_available:`Nicht verfügbar`,retrying:`Neuer Versuch alle 10 Sekunden.`,save:`Speichern`,undo:`Rückgängig`,unsaved:`Nicht gespeicherte Änderungen`,saving:`Wird gespeichert…`,saved:`Gespeichert`,conflict:`Inzwischen hat jemand anderes eine Änderung gespeichert. Deine Änderungen wurden nicht gespeichert.`,load_changes:`Andere Änderung anzeigen`,read_only:`Du hast keine Berechtigung, dies zu ändern.`},fi:{loading:`Ladataan…`,not_available:`Ei saatavilla`,retrying:`Yritetään uudelleen 10 sekunnin välein.`,save:`Tallenna`,undo:`Kumoa`,unsaved:`Tallentamattomia muutoksia`,saving:`Tallennetaan…`,saved:`Tallennettu`,conflict:`Joku muu tallensi muutoksen sillä välin. Muutoksiasi ei tallennettu.`,load_changes:`Näytä toinen muutos`,read_only:`Sinulla ei ole oikeutta muuttaa tätä.`},ru:{loading:`Загрузка…`,not_available:`Недоступно`,retrying:`Повторная попытка каждые 10 секунд.`,save:`Сохранить`,undo:`Отменить`,unsaved:`Есть несохранённые изменения`,saving:`Сохранение…`,saved:`Сохранено`,conflict:`За это время изменение сохранил кто-то другой. Ваши изменения не сохранены.`,load_changes:`Показать это изменение`,read_only:`Нет прав на изменение.`}}),rt=`proof-of-heat-overview-card`,it=[`figures`,`ladder`,`next_day`,`limits`,`override`],at={heating:`mdi:fire`,limited:`mdi:fire-alert`,idle:`mdi:leaf`,off:`mdi:power`,shadow:`mdi:eye-outline`,starting:`mdi:timer-sand`,commissioning:`mdi:ruler`,frost:`mdi:snowflake-alert`,blind:`mdi:thermometer-off`},ot={heat_pump:`mdi:heat-pump-outline`,boiler:`mdi:water-boiler`,miner:`mdi:bitcoin`,direct_electric:`mdi:radiator`,controller:`mdi:tune`},st={heat_pump:`var(--blue-color)`,boiler:`var(--deep-orange-color)`,miner:`var(--amber-color)`,direct_electric:`var(--red-color)`,controller:`var(--purple-color)`},ct=()=>({type:`custom:${rt}`}),lt=e=>{for(let t of[`entry_id`,`title`]){let n=e[t];if(n!==void 0&&typeof n!=`string`)throw Error(`${t} must be a text`)}let t=e.hide??[];if(!Array.isArray(t))throw Error(`hide must be a list`);for(let e of t)if(!it.includes(e))throw Error(`hide: ${String(e)} is not one of ${it.join(`, `)}`);return e},ut=e=>({schema:[{name:`entry_id`,selector:{config_entry:{integration:`proof_of_heat`}}},{name:`title`,selector:{text:{}}},{name:`hide`,selector:{select:{multiple:!0,mode:`list`,options:it.map(t=>({value:t,label:e(`overview.parts.${t}`)}))}}}],computeLabel:({name:t})=>e(`editor.${t}`),computeHelper:({name:t})=>t===`entry_id`?e(`editor.entry_id_help`):void 0,assertConfig:e=>void lt(e)}),dt=new Set([`failing`,`auth`]),ft=e=>dt.has(e.health)?`failing`:e.heating?e.commanded?`heating`:`own`:e.commanded?`commanded`:`waiting`,pt=e=>{let t=new Map;return new Map(e.map(({id:e,kind:n})=>{let r=t.get(n)??0;t.set(n,r+1);let i=st[n]??`var(--teal-color)`;return[e,r?`color-mix(in srgb, ${i} ${Z(100-35*r,30,100)}%, var(--card-background-color))`:i]}))},mt=e=>{let t=pt(e),n=e.map(({price_kwh:e})=>e).filter(Q),r=Math.min(0,...n),i=Math.max(0,...n)-r||1,a=e=>(e-r)/i*100;return[...e].sort((e,t)=>(e.price_kwh??1/0)-(t.price_kwh??1/0)||e.name.localeCompare(t.name)).map(e=>({source:e,color:t.get(e.id)??``,status:ft(e),bar:Q(e.price_kwh)?{left:a(Math.min(0,e.price_kwh)),width:Math.abs(e.price_kwh)/i*100}:null}))},ht=(e,t)=>{if(e.reason_text){let t=`${e.name}: `,n=e.reason_text.startsWith(t)?e.reason_text.slice(t.length):e.reason_text;return n.charAt(0).toLocaleUpperCase()+n.slice(1)}if(!e.reason)return``;let n=t(`overview.reasons.${e.reason}`);return n.startsWith(`overview.`)?``:n},gt=class{constructor(e,t=400){this.host=e,this.fallback=t,this.value=0,e.addController(this)}hostConnected(){typeof ResizeObserver<`u`&&(this.observer=new ResizeObserver(([e])=>{let t=Math.round(e?.contentRect.width??0);t!==this.value&&(this.value=t,this.host.requestUpdate())}),this.observer.observe(this.host))}hostDisconnected(){this.observer?.disconnect()}inside(e=32){return Math.max(160,(this.value||this.fallback)-e)}},_t=(e,t)=>{let n=t+e.age_steps;return e.begin.findIndex((t,r)=>n>=t&&n<(e.end[r]??t))},vt=(e,t,n)=>{let r=t+e.age_steps,i=[e.age_steps,n];for(let t=0;t<e.end.length;t+=1){let n=e.end[t]??0,a=e.room_c[t];if(a===void 0)return null;if(r<=n)return i[1]===null||n===i[0]?a:i[1]+(r-i[0])/(n-i[0])*(a-i[1]);i=[n,a]}return null},yt=(e,t)=>{let n=_t(e,t);return n<0?null:Object.values(e.heat_w).reduce((e,t)=>e+(t[n]??0),0)},bt=(e,t,n)=>{let r=Math.floor(t),i=e=>e[r]??null;return{time:new Date(Date.parse(e.start)+t*e.step_s*1e3),price:i(e.price_kwh),priceKnown:r<e.known_steps,outdoor:i(e.outdoor_c),lower:i(e.lower_c),upper:i(e.upper_c),room:e.plan?vt(e.plan,t,n):null,heat:e.plan?yt(e.plan,t):null}},xt=(...e)=>{let t=e.flat().filter(Q);return t.length?[Math.min(...t),Math.max(...t)]:null},St=26,Ct={room:64,heat:44,price:40,outdoor:30},wt=18,Tt=class extends F{constructor(...e){super(...e),this.width=new gt(this),this.onPointer=e=>{let t=e.currentTarget.getBoundingClientRect();t.width>0&&this.move((e.clientX-t.left)/t.width*this.count-.5)},this.onKey=e=>{let t=this.step??0,n={ArrowLeft:t-1,ArrowDown:t-1,ArrowRight:t+1,ArrowUp:t+1,PageDown:t-4,PageUp:t+4,Home:0,End:this.count-1}[e.key];n!==void 0&&(e.preventDefault(),this.move(n))}}static{this.properties={hass:{attribute:!1},day:{attribute:!1},roomNow:{attribute:!1},currency:{attribute:!1},colors:{attribute:!1},localize:{attribute:!1},shadow:{type:Boolean,reflect:!0},step:{state:!0}}}static{this.styles=[Qe,o`
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
`]}get count(){return this.day.lower_c.length}move(e){this.step=Z(Math.round(e),0,this.count-1)}facts(){let{hass:e,localize:t}=this,n=bt(this.day,this.step??0,this.roomNow);return[[`room`,Q(n.room)?H(e,n.room):null],[`heat`,Q(n.heat)?U(n.heat,e.locale):null],[`price`,Q(n.price)?(n.priceKnown?``:`≈ `)+Y(n.price,this.currency,e.locale):null],[`outdoor`,Q(n.outdoor)?H(e,n.outdoor):null]].flatMap(([e,n])=>n===null?[]:[[t(`overview.chart.${e}`),n]])}render(){let{hass:e,localize:t}=this,n=this.width.inside(0),r=qe(0,this.count,0,n),i=this.panels(n,r),a=i[i.length-1],o=a?a.top+a.height:0,s=J(e,bt(this.day,this.step??0,null).time),c=this.facts();return T`
<div class="readout" aria-hidden="true">
<b>${this.step===null||this.step===void 0?t(`overview.chart.now`):s}</b>
${c.map(([e,t])=>T`<span>${e} <b>${t}</b></span>`)}
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
<svg width=${n} height=${o+wt} aria-hidden="true">
${this.axis(r,o)}
${i.map(e=>this.panel(e,n))}
${Q(this.step)?E`<line x1=${r(this.step+.5)} x2=${r(this.step+.5)} y1="12" y2=${o} stroke="var(--primary-text-color)" stroke-width="1" opacity="0.6" />`:O}
</svg>
</div>
`}panels(e,t){let{day:n,hass:r}=this,i=[],a=e=>H(r,e,0),o=xt(n.lower_c,n.upper_c,n.plan?.room_c??[],[this.roomNow]);o&&i.push({key:`room`,values:[o[0]-.2,o[1]+.2],format:a,draw:e=>this.drawRoom(t,e(o[0]-.2,o[1]+.2))});let s=this.stacked();s&&i.push({key:`heat`,values:[0,s],format:e=>U(e,r.locale),draw:e=>this.drawHeat(t,e(0,s))});let c=xt(n.price_kwh);if(c){let n=Math.min(0,c[0]),a=c[1]>n?c[1]:n+.1;i.push({key:`price`,values:[n,a],format:e=>Y(e,this.currency,r.locale),draw:r=>this.drawPrice(t,r(n,a),r(n,a)(0),e)})}let l=xt(n.outdoor_c);if(l){let[e,r]=l[1]-l[0]<2?[l[0]-1,l[1]+1]:l;i.push({key:`outdoor`,values:[e,r],format:a,draw:i=>this.drawLine(n.outdoor_c,t,i(e,r))})}let u=20;return i.map(e=>{let t={...e,top:u,height:Ct[e.key]};return u+=t.height+St,t})}panel(e,t){let n=e.top+e.height,r=this.localize(`overview.chart.${e.key}`),[i,a]=e.values??[0,0],o=i===0||e.key===`heat`?e.format(a):`${e.format(i)} – ${e.format(a)}`;return E`
<text class="title" x="0" y=${e.top-7}>${r}</text>
<text x=${t} y=${e.top-7} text-anchor="end">${o}</text>
<line x1="0" x2=${t} y1=${n} y2=${n} stroke="var(--line)" />
${e.draw((t,r)=>qe(t,r,n,e.top))}
`}axis(e,t){let{hass:n,day:r}=this,i=3600/r.step_s,a=Date.parse(r.start),o=this.width.inside(0)<300?6:this.width.inside(0)<520?4:3,s=[];for(let r=1;r<=24;r+=1){let c=new Date(Math.ceil(a/36e5)*36e5+(r-1)*36e5);if(Ue(n,c)%o)continue;let l=e((c.getTime()-a)/36e5*i);if(l<0||l>e(this.count))continue;let u=l<14?`start`:l>e(this.count)-14?`end`:`middle`;s.push(E`
<line x1=${l} x2=${l} y1="12" y2=${t} stroke="var(--line)" opacity="0.5" />
<text x=${l} y=${t+14} text-anchor=${u}>${Ve(n,c)}</text>
`)}return s}drawRoom(e,t){let{day:n}=this,r=n=>Xe(n.map(e=>e??0),e,t),i=[];if(n.plan)for(let r=0;r<=this.count;r+=1){let{room:a}=bt(n,Math.min(r,this.count-.01),this.roomNow);i.push(Q(a)?[e(r),t(a)]:null)}return E`
<path d=${Ye(r(n.upper_c),r(n.lower_c))} fill="var(--success-color, var(--green-color))" opacity="0.16" />
${i.length?E`<path class=${this.shadow?`shadowed`:``} d=${X(i)} fill="none" stroke="var(--heat)" stroke-width="2" stroke-linejoin="round" />`:O}
${Q(this.roomNow)?E`<circle cx="0" cy=${t(this.roomNow)} r="4" fill="var(--heat)" />`:O}
`}stacked(){let{plan:e}=this.day;return e?Math.max(...e.begin.map((t,n)=>Object.values(e.heat_w).reduce((e,t)=>e+(t[n]??0),0)),0):0}drawHeat(e,t){let{plan:n}=this.day;return n?n.begin.flatMap((r,i)=>{let a=e(Math.max(0,r-n.age_steps)),o=e(Math.min(this.count,(n.end[i]??r)-n.age_steps)),s=0;return Object.entries(n.heat_w).flatMap(([e,n])=>{let r=n[i]??0;if(r<1||o<=a)return[];let c=t(s+r),l=t(s)-c;s+=r;let u=this.colors.get(e)??`var(--heat)`;return[E`<rect x=${a} y=${c} width=${Math.max(1,o-a-1)} height=${l} rx="1" fill=${this.shadow?`none`:u} stroke=${this.shadow?u:`none`} />`]})}):[]}drawPrice(e,t,n,r){let{day:i}=this,a=i.price_kwh.map(e=>e??0),o=Xe(a,e,t),s=Z(i.known_steps,0,a.length)*2,c=o.slice(Math.max(0,s-1));return E`
<path d=${Ye(o,[[0,n],[r,n]])} fill="var(--info-color, var(--primary-color))" opacity="0.12" />
<path d=${X(o.slice(0,s))} fill="none" stroke="var(--info-color, var(--primary-color))" stroke-width="1.5" />
<path d=${X(c)} fill="none" stroke="var(--info-color, var(--primary-color))" stroke-width="1.5" stroke-dasharray="2 3" opacity="0.7" />
`}drawLine(e,t,n){return E`<path d=${X(e.map((e,r)=>Q(e)?[t(r+.5),n(e)]:null))} fill="none" stroke="var(--muted)" stroke-width="1.5" stroke-linejoin="round" />`}},Et=[1,2,3,6,12,24],Dt=[`comfort`,`eco`,`away`],Ot=5,kt=28,At=class extends F{static{this.properties={hass:{attribute:!1},data:{attribute:!1},localize:{attribute:!1},targetC:{state:!0},hours:{state:!0},busy:{state:!0},error:{state:!0}}}static{this.styles=[Qe,o`
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
color: var(--error-color);
margin-top: 8px;
}
.error:empty {
display: none;
}
.hint {
margin-top: 8px;
}
`]}get step(){return B(this.hass)?1:.5}get target(){let e=this.data.zones.map(e=>e.target_c).filter(Q),t=this.targetC??(e.length?Math.max(...e):21),n=V(this.hass,t);return Math.round(n/this.step)*this.step}change(e){this.targetC=Z(Le(this.hass,this.target+e*this.step),Ot,kt)}async call(e,t){this.busy=!0,this.error=void 0;try{await this.hass.callService(`proof_of_heat`,e,{config_entry_id:this.data.entry_id,...t}),this.targetC=void 0}catch(e){this.error=$e(e)||e instanceof Error?e.message:String(e)}finally{this.busy=!1}}set(e){this.call(`override`,{...e,duration:{hours:this.hours??3}})}describe(e){let{hass:t,localize:n}=this,r=Q(e.target_c)?H(t,e.target_c):n(`overview.profiles.${e.profile??`auto`}`),i=He(t,e.until);return e.zone?n(`overview.override.zone_until`,{zone:e.zone,what:r,until:i}):n(`overview.override.until`,{what:r,until:i})}render(){let{data:e,localize:t,hass:n}=this,r=!e.can_control||!!this.busy,i=B(n)?`°F`:`°C`;return T`
<h2>${t(`overview.override.title`)}</h2>
${e.overrides.map(n=>T`
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
<output aria-live="polite">${z(this.target,n.locale,+(this.step<1))} ${i}</output>
<button class="up" aria-label=${t(`overview.override.warmer`)} ?disabled=${r} @click=${()=>this.change(1)}>+</button>
</div>
<select
aria-label=${t(`overview.override.duration`)}
?disabled=${r}
@change=${e=>{this.hours=Number(e.target.value)}}
>
${Et.map(e=>T`<option value=${e} ?selected=${e===(this.hours??3)}>
${new Intl.NumberFormat(n.locale.language,{style:`unit`,unit:`hour`,unitDisplay:`long`}).format(e)}
</option>`)}
</select>
<button
class="action main set"
?disabled=${r}
@click=${()=>this.set({temperature:Math.round(Le(n,this.target)*100)/100})}
>
${t(`overview.override.set`)}
</button>
</div>
<div class="row profiles" role="group" aria-label=${t(`overview.override.profile`)}>
${Dt.map(e=>T`<button class="action" ?disabled=${r} @click=${()=>this.set({profile:e})}>
${t(`overview.profiles.${e}`)}
</button>`)}
</div>
${e.can_control?O:T`<p class="muted hint">${t(`common.read_only`)}</p>`}
<p class="error" role="alert">${this.error??``}</p>
`}async end(e){await this.call(`clear_override`,e.entity_id?{entity_id:e.entity_id}:{})}},jt=(e,t)=>{customElements.get(e)||customElements.define(e,t)};jt(`proof-of-heat-next-day`,Tt),jt(`proof-of-heat-override`,At);var Mt=class extends Me{constructor(...e){super(...e),this.texts=nt,this.live=new tt(this,()=>this.config&&this.hass?{type:`proof_of_heat/overview/subscribe`,language:this.hass.locale.language,...this.config.entry_id&&{entry_id:this.config.entry_id}}:void 0)}static{this.getStubConfig=ct}static{this.getConfigForm=()=>ut(I(nt,L()))}static{this.styles=[Qe,o`
header {
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
background: var(--line);
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
color: var(--error-color);
}
.limits li {
display: flex;
gap: 10px;
padding: 3px 0;
align-items: flex-start;
}
.limits ha-icon {
--mdc-icon-size: 18px;
color: var(--warning-color);
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
`]}readConfig(e){return lt(e)}getCardSize(){return 9}getGridOptions(){return{columns:12,min_columns:6}}shows(e){return!this.config?.hide?.includes(e)}render(){let e=this.live.state,t=this.live.data;return!this.hass||!t?.available?T`<ha-card>${Ze(e,this.localize,`overview`)}</ha-card>`:T`
<ha-card class=${t.shadow?`shadow`:``} style=${`--state-color:${this.stateColor(t)}`}>
${this.header(t)} ${this.banner(t)}
${this.shows(`figures`)?this.figures(t):O}
${this.shows(`ladder`)&&t.sources.length?this.ladder(t):O}
${this.shows(`next_day`)&&t.next_day?this.nextDay(t):O}
${this.shows(`limits`)&&(t.limits.length||t.notes.length)?this.limits(t):O}
${this.shows(`override`)&&t.active?T`<proof-of-heat-override .hass=${this.hass} .data=${t} .localize=${this.localize}></proof-of-heat-override>`:O}
</ha-card>
`}stateColor({state:e,failing:t}){if(t)return`var(--error-color)`;switch(e){case`heating`:return`var(--state-climate-heat-color, var(--deep-orange-color))`;case`limited`:return`var(--warning-color)`;case`frost`:return`var(--info-color)`;case`blind`:return`var(--error-color)`;case`idle`:return`var(--success-color, var(--green-color))`;case`off`:return`var(--secondary-text-color)`;default:return`var(--primary-color)`}}headline(e){let{hass:t,localize:n}=this;if(!t)return``;let r=e.sources.filter(({heating:e})=>e);if(!r.length)return n(`overview.states.${e.state}`);let i=Ke(r.map(({name:e})=>e),t.locale);return Q(e.heat.value)?n(`overview.heats`,{names:i,power:(e.heat.estimated?`≈ `:``)+U(e.heat.value,t.locale)}):n(`overview.heats_unknown`,{names:i})}header(e){let t=this.hass;if(!t)return T``;let n=Q(e.lower_c)&&Q(e.upper_c);return T`
<header>
<div class="badge"><ha-icon icon=${at[e.state]??`mdi:radiator`}></ha-icon></div>
<div class="who">
${this.config?.title?T`<span class="why">${this.config.title}</span>`:O}
<strong>${this.headline(e)}</strong>
<p class="why">${e.text}</p>
</div>
<div class="room">
<strong>${H(t,e.room_c)}</strong>
${n?T`<span>${this.localize(`overview.band`,{low:z(V(t,e.lower_c??0),t.locale,1),high:H(t,e.upper_c)})}</span>`:O}
${Q(e.outdoor_c)?T`<span>${this.localize(`overview.outdoor`,{value:H(t,e.outdoor_c)})}</span>`:O}
</div>
</header>
`}banner(e){let t=(e,t,n=``)=>T`
<div class=${`banner ${n}`} role="status">
<ha-icon icon=${e}></ha-icon>
<p>${this.localize(t)}</p>
</div>
`;return e.failing?t(`mdi:alert-circle`,`overview.failing`,`error`):e.shadow?t(`mdi:eye-outline`,`overview.shadow`):e.active?O:t(`mdi:power`,`overview.off`)}figures(e){let t=this.hass;if(!t)return T``;let{localize:n}=this,r=e.cost_h;return T`
<div class="figures">
<div class="figure">
<span>${n(`overview.cost_now`)}</span>
<strong>${Q(r.value)?`${r.estimated?`≈ `:``}${W(r.value,e.currency,t.locale)}/h`:`–`}</strong>
<span>${Q(e.price_kwh)?n(`overview.electricity`,{price:Y(e.price_kwh,e.currency,t.locale)}):n(`overview.no_price`)}</span>
</div>
${this.savings(e)} ${e.learning.trusted?O:this.learning(e)}
</div>
`}savings(e){let t=this.hass,n=e.savings;if(!t||!n)return O;let{localize:r}=this,i=n=>W(n,e.currency,t.locale),a=new Intl.NumberFormat(t.locale.language,{style:`unit`,unit:`day`,unitDisplay:`long`}).format(n.days);return T`
<div class="figure">
<span>${r(n.simulated?`overview.would_save`:`overview.saved`,{days:a})}</span>
<strong>${i(n.saved)}${Q(n.percent)?` · ${ze(n.percent,t.locale)}`:``}</strong>
<span>${r(`overview.interval`,{low:i(n.low),high:i(n.high)})}</span>
</div>
`}learning(e){let t=this.hass;if(!t)return T``;let{localize:n}=this,{learning:r}=e,i=r.expected?(Date.parse(r.expected)-Date.parse(e.time))/1e3:0,a=r.learned?n(`overview.learning_error`,{error:Re(t,r.error_k),limit:Re(t,r.limit_k)}):n(`overview.learning_left`,{left:We(Math.max(60,i),t.locale)});return T`
<div class="figure">
<span id="learning">${n(r.learned?`overview.checking`:`overview.learning`)}</span>
<progress max="100" value=${Z(r.progress,0,100)} aria-labelledby="learning"></progress>
<span>${a}</span>
</div>
`}ladder(e){return T`
<section>
<h2>${this.localize(`overview.ladder`)}</h2>
<ul class="rungs">
${mt(e.sources).map(t=>this.rung(t,e.currency))}
</ul>
</section>
`}rung({source:e,color:t,status:n,bar:r},i){let a=this.hass;if(!a)return T``;let{localize:o}=this,s=Q(e.heat.value)?(e.heat.estimated?`≈ `:``)+U(e.heat.value,a.locale):``,c=n===`waiting`?[ht(e,o)]:n===`failing`?[ht(e,o)||o(`overview.source.failing`)]:[o(`overview.source.${n}`),n===`commanded`?``:s,...e.limits];return T`
<li class=${n} style=${`--source-color:${t}`}>
<ha-icon icon=${ot[e.kind]??`mdi:radiator`}></ha-icon>
<span class="name">${e.name}</span>
<span class="price">${e.price_kwh===null?o(`overview.price_unknown`):Y(e.price_kwh,i,a.locale)}</span>
<span class="track" aria-hidden="true">
${r?T`<i class="animated" style=${`left:${r.left}%;width:max(3px,${r.width}%)`}></i>`:O}
</span>
<span class="state">${c.filter(Boolean).join(` · `)}</span>
</li>
`}nextDay(e){let{localize:t,hass:n}=this;if(!n)return T``;let r=e.next_day?.plan?He(n,e.next_day.plan.made*1e3):``;return T`
<section>
<h2>${e.next_day?.plan?t(`overview.plan`,{time:r}):t(`overview.no_plan`)}</h2>
<proof-of-heat-next-day
.hass=${this.hass}
.day=${e.next_day}
.roomNow=${e.room_c}
.currency=${e.currency}
.colors=${pt(e.sources)}
.localize=${t}
?shadow=${e.shadow||!e.active}
></proof-of-heat-next-day>
</section>
`}limits(e){let t=(e,t,n)=>T`<li class=${t}><ha-icon icon=${n}></ha-icon><span>${e.charAt(0).toLocaleUpperCase()+e.slice(1)}</span></li>`;return T`
<section>
<h2>${this.localize(`overview.limits`)}</h2>
<ul class="limits">
${e.limits.map(e=>t(e,`limit`,`mdi:arrow-collapse-vertical`))}
${e.notes.map(e=>t(e,`note`,`mdi:information-outline`))}
</ul>
</section>
`}},Nt=new Set([`decision`,`cost_per_hour`,`demand`,`heat_power`,`savings`]),Pt=(e,t)=>{let n=e.entities[t];return n?.platform===`proof_of_heat`&&Nt.has(n.translation_key??``)};Pe({tag:rt,element:Mt,texts:nt,key:`overview`,docs:`cards.md#heating-overview`,suggest:(e,t)=>Pt(e,t)?ct():null});