// What other programs do with envelopes: node envelopes.cjs seal-2014 PUBLIC.pem, or open-2 PRIVATE.pem; what it seals,
// or opens, comes on standard input. The packages are those of NODE_PATH.
const crypto = require('crypto');
const fs = require('fs');

// As in the programs of 2014: node-cryptojs-aes's own example, with the passphrase encrypted for the reader.
function seal2014(publicKey, text) {
  const {CryptoJS, JsonFormatter} = require('node-cryptojs-aes');
  const bytes = crypto.randomBytes(128);
  const sealed = CryptoJS.AES.encrypt(text, bytes.toString('base64'), {format: JsonFormatter}).toString();
  const symmetricKey = crypto.publicEncrypt(publicKey, bytes).toString('base64');
  return Buffer.from(JSON.stringify({symmetricKey, credentials: sealed})).toString('base64');
}

// From docs/formats/envelope.md alone.
function open2(privateKey, value) {
  const envelope = JSON.parse(Buffer.from(value, 'base64'));
  const bytes = (name) => Buffer.from(envelope[name], 'base64');
  const key = crypto.privateDecrypt({key: privateKey, oaepHash: 'sha256'}, bytes('symmetricKey'));
  const cipher = crypto.createDecipheriv('aes-256-gcm', key, bytes('nonce'));
  cipher.setAAD(Buffer.from(`quern-credentials:2:${envelope.keyId}`));
  cipher.setAuthTag(bytes('tag'));
  return Buffer.concat([cipher.update(bytes('credentials')), cipher.final()]).toString();
}

const [, , action, keyFile] = process.argv;
const input = fs.readFileSync(0, 'utf8');
process.stdout.write((action === 'seal-2014' ? seal2014 : open2)(fs.readFileSync(keyFile), input));
