import { Kbd, Modal, Table } from '@mantine/core';

const keys: [string[], string][] = [
  [['↑', '↓'], 'Walk along the wires'],
  [['←', '→'], 'Walk to the node beside'],
  [['Shift', 'arrow'], 'Choose one more'],
  [['Enter'], 'Open the node'],
  [['Tab'], 'Add a node behind the one that is chosen'],
  [['C'], 'Connect it to another node'],
  [['D'], 'Turn it off or on'],
  [['B'], 'Set a breakpoint, or take it away; F9 does the same'],
  [['P'], 'Show its problems, and what mends them'],
  [['Delete'], 'Remove what is chosen'],
  [['Ctrl', 'Z'], 'Undo'],
  [['Ctrl', 'Y'], 'Do again'],
  [['Ctrl', 'C'], 'Copy as text'],
  [['Ctrl', 'X'], 'Cut'],
  [['Ctrl', 'V'], 'Paste'],
  [['Ctrl', 'D'], 'Duplicate'],
  [['Ctrl', 'A'], 'Choose all'],
  [['G'], 'Group what is chosen'],
  [['N'], 'Add a note'],
  [['1'], 'Show the whole flow'],
  [['Esc'], 'Leave the canvas'],
  [['?'], 'These keys'],
];

/** The keys of the canvas. */
export function KeysHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="Keys" padding="md" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Table verticalSpacing={5}>
        <Table.Tbody>
          {keys.map(([k, what]) => (
            <Table.Tr key={what}>
              <Table.Th w={130}>{k.map((x, i) => <span key={x}>{i > 0 && ' '}<Kbd size="sm">{x}</Kbd></span>)}</Table.Th>
              <Table.Td>{what}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <p>With the mouse: drag the canvas to move it, hold Shift and drag to choose several nodes, double-click the canvas to add one, drag from a port to draw a wire.</p>
    </Modal>
  );
}
