// @sctg/sentencepiece-js imports two modules of Node.js. The browser needs little of them: nothing
// of fs, and the bytes of base64 text as Buffer.
export const Buffer = {
  from: (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)),
};
