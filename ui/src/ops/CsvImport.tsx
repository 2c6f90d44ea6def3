import { Alert, Button, FileButton, Group, Modal, Radio, Select, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, must, type Schemas } from '../api/client';
import { Loading, Wrong } from '../parts/Notice';
import { columns, decode } from './csv';
import { count } from './format';

interface File_ {
  name: string;
  text: string;
  encoding: string;
}

const most = 60 << 20;

function Errors({ errors, failed }: { errors: Schemas['ItemAddError'][]; failed: number }) {
  if (failed === 0) return null;
  return (
    <Stack gap={4} component="section" aria-label="Rows that are wrong">
      <Text size="sm" fw={600}>{count(failed, 'row is wrong', 'rows are wrong')}</Text>
      <Table.ScrollContainer minWidth={360} mah={220}>
        <Table verticalSpacing={4} fz="sm" stickyHeader>
          <Table.Thead><Table.Tr><Table.Th w={64}>Row</Table.Th><Table.Th>Reference</Table.Th><Table.Th>What is wrong</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>
            {errors.slice(0, 200).map((e, i) => (
              <Table.Tr key={i}><Table.Td>{e.row}</Table.Td><Table.Td className="wrap">{e.reference}</Table.Td><Table.Td className="wrap">{e.error}</Table.Td></Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {failed > 200 && <Text size="sm" c="dimmed">The first 200 are shown.</Text>}
    </Stack>
  );
}

function Sample({ rows }: { rows: Schemas['PreviewRow'][] }) {
  const heads = [...new Set(rows.flatMap((r) => Object.keys(r.content)))];
  return (
    <Table.ScrollContainer minWidth={360} mah={260}>
      <Table verticalSpacing={4} fz="sm" stickyHeader>
        <Table.Thead><Table.Tr><Table.Th>Row</Table.Th><Table.Th>Reference</Table.Th>{heads.map((h) => <Table.Th key={h} className="wrap">{h}</Table.Th>)}</Table.Tr></Table.Thead>
        <Table.Tbody>
          {rows.map((r) => (
            <Table.Tr key={r.row}>
              <Table.Td>{r.row}</Table.Td>
              <Table.Td className="wrap">{r.reference}</Table.Td>
              {heads.map((h) => {
                const v = r.content[h];
                return <Table.Td key={h} className="wrap">{v === undefined ? '' : typeof v === 'string' ? v : JSON.stringify(v)}</Table.Td>;
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Adds work items from a CSV file: the server reads it and tells what would be added before anything is. */
export function CsvImport({ queue, opened, onClose, onDone }: { queue: string; opened: boolean; onClose: () => void; onDone: () => void }) {
  const [file, setFile] = useState<File_ | null>(null);
  const [large, setLarge] = useState('');
  const [reference, setReference] = useState<string | null>(null);
  const [delimiter, setDelimiter] = useState('');
  const [rows, setRows] = useState(false);
  const body = { csv: file?.text ?? '', reference: reference ?? undefined, delimiter: delimiter || undefined, rows };
  const params = { params: { path: { name: queue } } };
  const preview = useQuery({
    queryKey: ['import', queue, file, reference, delimiter],
    enabled: opened && !!file,
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
    queryFn: () => must(api.POST('/api/v1/queues/{name}/import', { ...params, body: { ...body, dry_run: true } })),
  });
  const send = useMutation({ mutationFn: () => must(api.POST('/api/v1/queues/{name}/import', { ...params, body })), onSuccess: onDone });
  const choose = async (f: File | null) => {
    if (!f) return;
    send.reset();
    setReference(null);
    if (f.size > most) {
      setLarge(`${f.name} is larger than 60 MB: import it with aether item add ${queue} ${f.name}, or cut it into parts.`);
      setFile(null);
      return;
    }
    setLarge('');
    setFile({ name: f.name, ...decode(await f.arrayBuffer()) });
  };
  const p = preview.data;
  const close = () => {
    setFile(null);
    send.reset();
    onClose();
  };
  const refused = send.data && send.data.added === 0 && send.data.failed > 0;
  return (
    <Modal opened={opened} onClose={close} size="xl" title={`Import a CSV file into ${queue}`}>
      <Stack>
        {send.data && !refused ? (
          <>
            <Alert color="green" title={`${count(send.data.added, 'item was', 'items were')} added.`} role="status" />
            <Errors errors={send.data.errors ?? []} failed={send.data.failed} />
            <Group justify="end"><Button onClick={close}>Close</Button></Group>
          </>
        ) : (
          <>
            <Text size="sm">The first line names the fields, each line after it is an item. Cells become numbers and truth values where the schema of the queue says so.</Text>
            <Group>
              <FileButton accept=".csv,.tsv,.txt,text/csv" onChange={(f) => void choose(f)} inputProps={{ 'aria-label': 'CSV file' }}>{(button) => <Button variant="default" {...button}>{file ? 'Choose another file…' : 'Choose a file…'}</Button>}</FileButton>
              {file && <Text size="sm" className="wrap">{file.name}, read as {file.encoding}</Text>}
            </Group>
            {large && <Text size="sm" className="bad" role="alert">{large}</Text>}
            {file && (
              <Group align="end">
                <Select label="Column of the reference" placeholder="None" clearable data={[...new Set(columns(file.text, delimiter))]} value={reference} onChange={setReference} />
                <Select label="Between cells" data={[{ value: '', label: 'As in the first line' }, { value: ',', label: 'Comma' }, { value: ';', label: 'Semicolon' }, { value: '\t', label: 'Tab' }, { value: '|', label: 'Vertical bar' }]} allowDeselect={false} value={delimiter} onChange={(v) => setDelimiter(v ?? '')} />
              </Group>
            )}
            {file && (preview.error ? <Wrong error={preview.error} /> : !p ? <Loading /> : (
              <>
                <Text size="sm" role="status" fw={600}>{count(p.added, 'row is right', 'rows are right')}{p.failed > 0 ? `, ${p.failed.toLocaleString('en')} ${p.failed === 1 ? 'is' : 'are'} not` : ''}.</Text>
                <Sample rows={p.sample ?? []} />
                <Errors errors={p.errors ?? []} failed={p.failed} />
                {p.failed > 0 && (
                  <Radio.Group label="What to do" value={rows ? 'rows' : 'all'} onChange={(v) => setRows(v === 'rows')}>
                    <Stack gap={6} mt={6}>
                      <Radio value="all" label="Add all rows or none: mend the file first" />
                      <Radio value="rows" label="Add the rows that are right, and leave the others" />
                    </Stack>
                  </Radio.Group>
                )}
              </>
            ))}
            {send.error && <Wrong error={send.error} />}
            {refused && <Alert color="red" title="Nothing was added." role="alert">Rows became wrong since the preview, or references were taken in the meantime.</Alert>}
            <Group justify="end">
              <Button variant="default" onClick={close}>Leave it</Button>
              <Button disabled={!p || p.added === 0 || (p.failed > 0 && !rows)} loading={send.isPending} onClick={() => send.mutate()}>{p && p.added > 0 ? `Add ${count(p.added, 'item')}` : 'Add'}</Button>
            </Group>
          </>
        )}
      </Stack>
    </Modal>
  );
}
