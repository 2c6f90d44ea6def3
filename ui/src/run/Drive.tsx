import { Text } from '@mantine/core';

import { Empty } from '../parts/Notice';
import { Screen } from '../screen/Screen';
import { useScreen } from '../screen/useScreen';
import type { Hand } from './useHand';

/** The browser of a run in the hand of who looks at this page. */
export default function Drive({ run, hand }: { run: string; hand: Hand }) {
  const { frame, state, over, trouble, send } = useScreen(`/api/v1/runs/${encodeURIComponent(run)}/hand`);
  if (over) return <Empty title={over === 'end' ? 'The browser was handed back' : 'Somebody else drives the browser'}>The flow goes on with it.</Empty>;
  return (
    <div className="hand-screen">
      <Screen label="The browser of the run" frame={frame} state={state} onInput={hand.ready && !hand.back ? send : undefined}>
        {hand.ready ? undefined : <Text c="dimmed" size="sm" p="md">{hand.why}</Text>}
      </Screen>
      {trouble && <Text size="sm" c="red" role="alert" mt={6}>{trouble}</Text>}
    </div>
  );
}
