/**
 * A page with other people's tus clients, as their documentation has them used. Bundled by clients.ts from packages that it
 * installs in a temporary folder, so the versions here are not those of the project.
 */
import '@angular/compiler';
import { createEnvironmentInjector, Injector, NgZone, runInInjectionContext, ɵINJECTOR_SCOPE } from '@angular/core';
import { getTusEnhancer } from '@rpldy/tus-sender';
import { createUploader, UPLOADER_EVENTS } from '@rpldy/uploader';
import { UploadxService, Tus as UploadxTus } from 'ngx-uploadx';
import { Upload } from 'tus-js-client';
import * as uppy5 from './uppy5/uppy.mjs';
import * as uppy6 from './uppy6/uppy.mjs';

// Outside of an Angular application there is no zone to leave.
const zone = { run: (work) => work(), runOutsideAngular: (work) => work() };
const injector = createEnvironmentInjector(
  [
    { provide: NgZone, useValue: zone },
    { provide: ɵINJECTOR_SCOPE, useValue: 'root' },
  ],
  Injector.NULL,
);

/** Each resolves once the client says that the upload is whole, and rejects once it gives up. */
const clients = {
  'tus-js-client': ({ endpoint, file, headers, metadata }) =>
    new Promise((resolve, reject) => {
      new Upload(file, {
        endpoint,
        headers,
        metadata,
        chunkSize: 500_000,
        onSuccess: resolve,
        onError: reject,
        // The library's own repeats after 409 and 423, 5xx and no response, and never after 429.
        onShouldRetry: (error) =>
          [409, 423, 429].includes(error.originalResponse?.getStatus() ?? 409) ||
          error.originalResponse.getStatus() >= 500,
      }).start();
    }),
  uppy5: (order) => uppy(uppy5, order),
  uppy6: (order) => uppy(uppy6, order),
  'tus-uploady': ({ endpoint, file, headers, metadata }) =>
    new Promise((resolve, reject) => {
      const uploader = createUploader({
        destination: { url: endpoint, headers, params: metadata },
        chunkSize: 500_000,
        retries: 5,
        resumeHeaders: headers,
        enhancer: getTusEnhancer({ resumeHeaders: headers, chunkSize: 500_000, retries: 5 }),
      });
      uploader.on(UPLOADER_EVENTS.ITEM_FINISH, resolve);
      uploader.on(UPLOADER_EVENTS.ITEM_ERROR, ({ uploadResponse, uploadStatus }) =>
        reject(new Error(`${uploadStatus} ${JSON.stringify(uploadResponse)}`)),
      );
      uploader.add(file);
    }),
  'ngx-uploadx': ({ endpoint, file, headers, metadata }) =>
    new Promise((resolve, reject) => {
      const service = runInInjectionContext(injector, () => new UploadxService());
      service
        .init({
          endpoint,
          // `headers` is lost: the class for tus sets its own behind it.
          authorize: (request) => Object.assign(request, { headers: { ...request.headers, ...headers } }),
          metadata,
          uploaderClass: UploadxTus,
          chunkSize: 500_000,
          autoUpload: true,
          retryConfig: { keepPartial: true, shouldRetryCodes: [408, 409, 423, 429, 460] },
        })
        .subscribe(({ status, response, responseStatus }) => {
          if (status === 'complete') resolve();
          if (status === 'error') reject(new Error(`${responseStatus} ${JSON.stringify(response)}`));
        });
      service.handleFiles(file);
    }),
};

function uppy({ Uppy, Tus }, { endpoint, file, headers, metadata }) {
  const instance = new Uppy().use(Tus, {
    endpoint,
    headers,
    chunkSize: 500_000,
    allowedMetaFields: Object.keys(metadata),
  });
  instance.addFile({ name: file.name, type: file.type, data: file, meta: metadata });
  return instance.upload().then(({ failed, successful }) => {
    if (successful?.length !== 1) throw new Error(failed?.[0]?.error ?? 'not sent');
  });
}

/** Sends `bytes` bytes that look like a WebM; resolves with null, or with what the client said when it gave up. */
window.send = async (name, { endpoint, token, metadata, head, bytes }) => {
  const body = new Uint8Array(bytes).map((_, at) => (at * 2_654_435_761) >>> 24);
  body.set(head);
  const file = new File([body], 'answer.webm', { type: 'video/webm' });
  try {
    await clients[name]({ endpoint, file, metadata, headers: { Authorization: `Bearer ${token}` } });
    return null;
  } catch (error) {
    return String(error?.message ?? error).slice(0, 200);
  }
};
window.ready = true;
