/** The word with which the page's policy lets styles be added at run time; the server makes a new one for each page. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[name=nonce]')?.content ?? '';
