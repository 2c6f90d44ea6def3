import { Modal, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { api, must, type Job } from '../api/client';
import { Loading, Wrong } from '../parts/Notice';

/** Says why no robot takes a job, in a sentence for each robot. */
export function Why({ job, onClose }: { job: Job | null; onClose: () => void }) {
  const why = useQuery({ queryKey: ['why', job?.id], enabled: !!job, queryFn: () => must(api.GET('/api/v1/jobs/{id}/why', { params: { path: { id: job?.id ?? 0 } } })) });
  return (
    <Modal opened={!!job} onClose={onClose} title={`Why is job ${job?.id ?? ''} not taken?`}>
      {why.error ? <Wrong error={why.error} /> : why.data ? <Stack gap="xs">{(why.data.sentences ?? []).map((s) => <Text size="sm" key={s}>{s}</Text>)}</Stack> : <Loading />}
    </Modal>
  );
}
