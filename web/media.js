// media.js — what the system shows while the page plays (lock screen, headset, keyboard keys), and what its buttons do.

export function showToSystem(session, actions) {
  const system = navigator.mediaSession;
  if (!system) return;
  const describe = () => {
    const { piece, own, preset } = session;
    system.metadata = new MediaMetadata({
      title: own ? `Piece ${piece.seed}` : `Station ${piece.station}`,
      artist: 'Auralis',
      album: own ? preset?.title ?? preset?.name ?? 'Your own piece' : 'Shared by everyone',
      artwork: [{ src: new URL('icon.svg', import.meta.url).href, sizes: 'any', type: 'image/svg+xml' }],
    });
    act('nexttrack', own ? actions.newPiece : null);
  };
  const act = (name, handle) => {
    try {
      system.setActionHandler(name, handle);
    } catch { /* this system has no such button */ }
  };
  act('play', () => session.play());
  act('pause', () => session.pause());
  act('stop', () => session.pause());
  for (const type of ['piece', 'values']) session.addEventListener(type, describe);
  session.addEventListener('playing', () => { system.playbackState = session.playing ? 'playing' : 'paused'; });
  describe();
}
