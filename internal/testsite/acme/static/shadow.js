'use strict';
// A form in a shadow root, open or closed, and a component that holds another.
{
  const style = `
    :host { display: block; font: inherit; }
    label { display: block; font-weight: 600; margin-bottom: .3rem; }
    input { font: inherit; color: inherit; background: transparent; padding: .45rem .6rem; border: 1px solid #8a8f8680; border-radius: 6px; width: min(20rem, 100%); box-sizing: border-box; }
    button { font: inherit; padding: .45rem .9rem; margin-top: .6rem; border: 0; border-radius: 6px; background: #0f766e; color: #fff; cursor: pointer; }
    p { margin: .5rem 0 0; } ::slotted(span) { display: block; margin-top: .3rem; font-size: .875rem; opacity: .75; }`;
  customElements.define('acme-note', class extends HTMLElement {
    connectedCallback() {
      if (this.attached) return;
      this.attached = true;
      const key = this.dataset.key;
      const shadow = this.attachShadow({mode: this.dataset.mode});
      shadow.innerHTML = `<style>${style}</style><form><label for="text">Note</label><input id="text" name="text" autocomplete="off"><slot name="hint"></slot><div><button>Send</button></div><p role="status"></p></form>`;
      shadow.querySelector('form').addEventListener('submit', async (event) => {
        event.preventDefault();
        const text = shadow.querySelector('input').value;
        if (await acme.effect('shadow.submit', key, {text})) shadow.querySelector('p').textContent = `Received: ${text}`;
      });
    }
  });
  customElements.define('acme-folder', class extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      this.attachShadow({mode: 'open'}).innerHTML = `<style>${style}</style><details open><summary>Folder</summary><acme-note data-key="nested" data-mode="open"></acme-note></details>`;
    }
  });
}
