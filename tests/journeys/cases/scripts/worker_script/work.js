importScripts("more.js");
postMessage(self.word);
