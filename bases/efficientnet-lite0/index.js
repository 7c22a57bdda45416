const source = Object.freeze({
  kind: 'base-source',
  name: 'efficientnet-lite0',
  url: new URL('./model/model.json', import.meta.url).href,
  input: Object.freeze({ scale: 1 / 128, offset: -127 / 128 }),
  licence: 'Apache-2.0',
  sha256: 'd993e50fa71bdf61ea921614aac1745e2c2e83ab61685d90e87dd7defa80748c',
});

export function efficientNetLite0() {
  return source;
}
