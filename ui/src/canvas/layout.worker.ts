import { layout, type Sketch } from './layout';

self.onmessage = (e: MessageEvent<Sketch>) => {
  self.postMessage(layout(e.data));
};
