// Two tones, made here: nothing is loaded.

let audio = null;

/** Sound the alarm; gives false where the browser allows no sound before somebody touches the page. */
export function beep() {
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
  const start = audio.currentTime + 0.02;
  for (const [delay, pitch] of [
    [0, 880],
    [0.22, 660],
  ]) {
    const tone = new OscillatorNode(audio, { type: "square", frequency: pitch });
    const volume = new GainNode(audio, { gain: 0.2 });
    tone.connect(volume).connect(audio.destination);
    tone.start(start + delay);
    tone.stop(start + delay + 0.18);
  }
  return audio.state === "running";
}
