package process

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// jobAccounting is JOBOBJECT_BASIC_ACCOUNTING_INFORMATION.
type jobAccounting struct {
	TotalUserTime, TotalKernelTime, ThisPeriodUserTime, ThisPeriodKernelTime int64
	PageFaults, Total, Active, Terminated                                    uint32
}

// tree is a started program in a job of its own, which all its descendants
// belong to. Closing the job's handle, also by the end of Aether, ends them.
type tree struct {
	job       windows.Handle
	pid       int
	exited    chan struct{}
	survivors error
}

func start(cmd *exec.Cmd, c Cmd) (*tree, error) {
	job, err := newJob(c)
	if err != nil {
		return nil, err
	}
	// Suspended, so that it starts nothing before it is in the job.
	cmd.SysProcAttr = &syscall.SysProcAttr{
		HideWindow:    true,
		CreationFlags: windows.CREATE_SUSPENDED | windows.CREATE_NEW_PROCESS_GROUP,
	}
	if err := cmd.Start(); err != nil {
		_ = windows.CloseHandle(job)
		return nil, err
	}
	t := &tree{job: job, pid: cmd.Process.Pid, exited: make(chan struct{})}
	if err := t.adopt(); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = windows.CloseHandle(job)
		return nil, err
	}
	go func() {
		_ = cmd.Wait()
		close(t.exited)
	}()
	return t, nil
}

func newJob(c Cmd) (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, fmt.Errorf("creating a job object: %w", err)
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	if c.Memory > 0 {
		info.BasicLimitInformation.LimitFlags |= windows.JOB_OBJECT_LIMIT_JOB_MEMORY
		info.JobMemoryLimit = uintptr(c.Memory)
	}
	if c.CPU > 0 {
		info.BasicLimitInformation.LimitFlags |= windows.JOB_OBJECT_LIMIT_JOB_TIME
		info.BasicLimitInformation.PerJobUserTimeLimit = int64(c.CPU / 100) // in units of 100 ns
	}
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info))); err != nil {
		_ = windows.CloseHandle(job)
		return 0, fmt.Errorf("limiting a job object: %w", err)
	}
	return job, nil
}

// adopt puts the suspended program into the job and lets it run.
func (t *tree) adopt() error {
	h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(t.pid))
	if err != nil {
		return fmt.Errorf("opening the new process: %w", err)
	}
	defer windows.CloseHandle(h)
	if err := windows.AssignProcessToJobObject(t.job, h); err != nil {
		return fmt.Errorf("putting the new process into its job: %w", err)
	}
	snap, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPTHREAD, 0)
	if err != nil {
		return fmt.Errorf("listing threads: %w", err)
	}
	defer windows.CloseHandle(snap)
	e := windows.ThreadEntry32{Size: uint32(unsafe.Sizeof(windows.ThreadEntry32{}))}
	for err = windows.Thread32First(snap, &e); err == nil; err = windows.Thread32Next(snap, &e) {
		if e.OwnerProcessID != uint32(t.pid) {
			continue
		}
		th, err := windows.OpenThread(windows.THREAD_SUSPEND_RESUME, false, e.ThreadID)
		if err != nil {
			return fmt.Errorf("opening the first thread: %w", err)
		}
		_, err = windows.ResumeThread(th)
		_ = windows.CloseHandle(th)
		return err
	}
	return fmt.Errorf("finding the first thread: %w", err)
}

// terminate sends Ctrl-Break, which reaches programs that share our console.
func (t *tree) terminate() {
	_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(t.pid))
}

func (t *tree) left() bool {
	var a jobAccounting
	err := windows.QueryInformationJobObject(t.job, windows.JobObjectBasicAccountingInformation, uintptr(unsafe.Pointer(&a)), uint32(unsafe.Sizeof(a)), nil)
	return err == nil && a.Active > 0
}

func (t *tree) memory() int64 { return 0 } // the job sees to it

func (t *tree) kill() error {
	_ = windows.TerminateJobObject(t.job, 1)
	for end := time.Now().Add(5 * time.Second); t.left(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("a process of the program's job could not be killed")
		}
	}
	return nil
}

// overLimit looks at how far the job came: at its limit, allocations fail and
// the program ends as it likes.
func (t *tree) overLimit(c Cmd, r Result) error {
	if r.ExitCode == 0 {
		return nil
	}
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	if err := windows.QueryInformationJobObject(t.job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)), nil); err != nil {
		return nil
	}
	if c.Memory > 0 && int64(info.PeakJobMemoryUsed) >= c.Memory-c.Memory/20 {
		return &LimitError{What: "memory", Limit: bytesText(c.Memory)}
	}
	if c.CPU > 0 && r.CPU >= c.CPU {
		return &LimitError{What: "cpu", Limit: c.CPU.String()}
	}
	return nil
}

func (t *tree) reap(cmd *exec.Cmd) *os.ProcessState { return cmd.ProcessState }

func (t *tree) close() { _ = windows.CloseHandle(t.job) }

func newToken() string { return rand.Text() }

func signalName(*os.ProcessState) string { return "" }

func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}
