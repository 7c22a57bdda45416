import { assertSettings } from '../core/settings.ts';
import { type SnapshotSettings, snapshot } from './snapshot.ts';

/** Settings of {@link videoFrames}. */
export interface VideoFramesSettings extends SnapshotSettings {
  /** Ends the frames. */
  readonly signal?: AbortSignal;
}

/**
 * Takes a snapshot of what a video shows, be it a camera or a file, and of each frame after it: to collect examples, or
 * to predict live. Frames that are shown while the one before is worked on are left out.
 *
 * @param video The video, playing.
 * @param settings The size of the snapshots in pixels, and a signal.
 * @yields The frames, until the signal is aborted or the video ends.
 * @throws TransferError `INVALID_DATA` where a frame cannot be drawn.
 *
 * @example
 * ```ts
 * import { type ImageExample, videoFrames } from 'tfjs-transfer/web';
 *
 * const video = globalThis.document?.querySelector('video');
 * const shown: ImageExample[] = [];
 * const released = new AbortController(); // released.abort() where the button is let go
 * if (video) {
 *   for await (const image of videoFrames(video, { size: 224, signal: released.signal })) {
 *     shown.push({ image, target: 0 });
 *   }
 * }
 * ```
 */
export async function* videoFrames(
  video: HTMLVideoElement,
  settings: VideoFramesSettings = {},
): AsyncGenerator<ImageData, void> {
  assertSettings('videoFrames', settings, { size: 224, signal: undefined });
  const { signal, ...sides } = settings;
  let shown = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && !signal?.aborted;
  while (shown || (await nextFrame(video, signal))) {
    yield await snapshot(video, sides);
    shown = false;
  }
}

/** Waits for a frame; false where there will be none. */
function nextFrame(video: HTMLVideoElement, signal: AbortSignal | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    if (video.ended || signal?.aborted) return resolve(false);
    const over = () => finish(false);
    const frame = video.requestVideoFrameCallback(() => finish(true));
    const finish = (shown: boolean) => {
      video.cancelVideoFrameCallback(frame);
      video.removeEventListener('ended', over);
      signal?.removeEventListener('abort', over);
      resolve(shown);
    };
    video.addEventListener('ended', over);
    signal?.addEventListener('abort', over);
  });
}
