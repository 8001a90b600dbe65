// The smallest page of Uppy that records video and sends it by tus: what a site would build in the place of ours.
import Uppy from '@uppy/core';
import '@uppy/core/css/style.min.css';
import Tus from '@uppy/tus';
import Webcam from '@uppy/webcam';
import '@uppy/webcam/css/style.min.css';

new Uppy().use(Webcam, { target: '#app', modes: ['video-audio'] }).use(Tus, { endpoint: '/files' });
