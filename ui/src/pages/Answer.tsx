import { Button, Card, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { api, must, Problem, type Schemas } from '../api/client';
import { AskBody } from '../ask/AskBody';
import { AskFields } from '../ask/AskFields';
import { askOf, labelOf, startValues, type AskButton } from '../ask/question';
import { Empty, Loading, Wrong } from '../parts/Notice';

/** What stands behind the # of the address: it goes to the server in the body of requests only. */
const tokenHere = () => window.location.hash.slice(1);

/** A picture that only who has the link may see. */
function useLinkPicture(token: string, on: boolean) {
  const picture = useQuery({
    queryKey: ['answer-link-picture', token],
    enabled: on,
    staleTime: Infinity,
    queryFn: async () => {
      const blob = await must(api.POST('/api/v1/answer-link/picture', { body: { token }, parseAs: 'blob' }) as Promise<{ data?: Blob; error?: unknown; response: Response }>);
      return await new Promise<string>((done, fail) => {
        const reader = new FileReader();
        reader.onload = () => done(typeof reader.result === 'string' ? reader.result : '');
        reader.onerror = () => fail(new Problem(0, 'The picture could not be read.'));
        reader.readAsDataURL(blob);
      });
    },
  });
  return picture.data;
}

/** One question of one run, for somebody who has a link to it and no account. */
export function Answer() {
  const [token, setToken] = useState(tokenHere);
  useEffect(() => {
    const changed = () => setToken(tokenHere());
    window.addEventListener('hashchange', changed);
    return () => window.removeEventListener('hashchange', changed);
  }, []);
  return (
    <main className="answer-page">
      <Group gap={8} mb="md" wrap="nowrap">
        <img src="/icon.svg" width={24} height={24} alt="" />
        <Text fw={700} size="lg">Aether</Text>
      </Group>
      {token ? <ByLink key={token} token={token} /> : <Empty title="The link is not whole">What stands behind the # of the address is missing. Open the link as it was sent to you.</Empty>}
    </main>
  );
}

function ByLink({ token }: { token: string }) {
  const question = useQuery({
    queryKey: ['answer-link', token],
    retry: false,
    refetchOnWindowFocus: false,
    queryFn: () => must(api.POST('/api/v1/answer-link', { body: { token } })),
  });
  const [done, setDone] = useState('');
  if (done) return <Empty title="Thank you">{done}</Empty>;
  if (question.error instanceof Problem && question.error.status === 409) {
    return (
      <Empty title="There is nothing to answer here now">
        <Text span>{question.error.message}</Text>
        <div><Button mt="sm" variant="default" onClick={() => void question.refetch()} loading={question.isFetching}>Look again</Button></div>
      </Empty>
    );
  }
  if (question.error) return <Wrong error={question.error} again={() => void question.refetch()} />;
  if (!question.data) return <Loading />;
  return <Asked token={token} linked={question.data} onDone={setDone} />;
}

function Asked({ token, linked, onDone }: { token: string; linked: Schemas['Linked']; onDone: (said: string) => void }) {
  const ask = askOf(linked.ask);
  const fields = ask.fields ?? [];
  const [values, setValues] = useState(() => startValues(fields));
  const [comment, setComment] = useState('');
  const picture = useLinkPicture(token, linked.picture);
  const send = useMutation({
    mutationFn: (b: AskButton) => must(api.POST('/api/v1/answer-link/answer', { body: { token, button: b.name, values: b.cancels ? undefined : values, comment: comment || undefined } })),
    onSuccess: (_, b) => onDone(`Your answer is given: ${labelOf(ask, b.name)}. You can close this page.`),
  });
  return (
    <Card withBorder radius="md" component="section" aria-label="Question">
      <Stack gap="sm">
        <div>
          <Title order={1} size="h3" className="lines">{ask.title || 'You are asked'}</Title>
          <Text size="sm" c="dimmed" className="lines">By the flow {linked.flow}, for <b>{linked.for}</b></Text>
        </div>
        <AskBody
          ask={ask}
          text={linked.text}
          given={linked.given ?? []}
          until={linked.until ?? linked.ends}
          late={linked.until ? linked.late : undefined}
          picture={picture && <figure className="ask-picture"><img src={picture} alt="The page of the run, as it was kept last" /></figure>}
        >
          <AskFields ask={ask} values={values} onChange={setValues} />
          <TextInput label="Comment" value={comment} maxLength={4000} onChange={(e) => setComment(e.currentTarget.value)} />
          {linked.refused && <Text size="sm" role="status">Not by you: {linked.refused}.</Text>}
          {send.error && <Wrong error={send.error} />}
          <Group gap="xs">
            {(ask.buttons ?? []).map((b, i) => (
              <Button key={b.name} size="md" variant={i === 0 ? 'filled' : 'default'} loading={send.isPending && send.variables.name === b.name} disabled={send.isPending || (i === 0 && !!linked.refused)} onClick={() => send.mutate(b)}>
                {b.label || b.name}
              </Button>
            ))}
          </Group>
          <Text size="xs" c="dimmed">This link is for you alone and good for one answer. Close the page if you did not expect it.</Text>
        </AskBody>
      </Stack>
    </Card>
  );
}
