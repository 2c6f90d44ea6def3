package sys

import (
	"context"
	"errors"
	"os"
	"os/user"
	"runtime"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[infoIn, infoOut]{
		Type:   "sys.info",
		Title:  "Get system information",
		Doc:    "Returns what there is to know of this computer: operating system, host name, user, processors, memory and how long it runs. What the system does not tell is empty.",
		Effect: node.Read,
		Examples: []node.Example[infoIn, infoOut]{{
			Title: "Operating system and memory",
			Check: func(o infoOut) error {
				if o.OS != runtime.GOOS || o.Memory.Total <= 0 || o.CPU.Count <= 0 {
					return errors.New("the information is not complete")
				}
				return nil
			},
		}},
		Run: info,
	})
	node.Register(node.Spec[diskIn, diskOut]{
		Type:   "sys.disk_usage",
		Title:  "Get disk usage",
		Doc:    "Returns how full the disk is that holds a folder, and lists all disks of the computer.",
		Effect: node.Read,
		Examples: []node.Example[diskIn, diskOut]{{
			Title: "Is there room for a download",
			Check: func(o diskOut) error {
				if o.Total <= 0 || o.Free > o.Total {
					return errors.New("the disk has no size")
				}
				return nil
			},
		}},
		Run: diskUsage,
	})
}

type infoIn struct {
	CPUPercent bool          `json:"cpu_percent" doc:"Also measure how busy the processors are, which takes the time of measure."`
	Measure    time.Duration `json:"measure" default:"500ms" min:"0.1" max:"60" when:"cpu_percent=true" doc:"How long to measure."`
}

type infoOut struct {
	OS           string     `json:"os" doc:"linux, windows or darwin."`
	Platform     string     `json:"platform" doc:"Its name and version, for instance ubuntu 24.04."`
	Kernel       string     `json:"kernel" doc:"Version of the kernel."`
	Architecture string     `json:"architecture" doc:"amd64 or arm64, for instance."`
	Hostname     string     `json:"hostname" doc:"Name of the computer."`
	User         string     `json:"user" doc:"Login name of the user that Aether runs as."`
	Home         string     `json:"home" doc:"That user's folder."`
	Time         string     `json:"time" doc:"Time of the clock, with the offset of the local time zone."`
	Timezone     string     `json:"timezone" doc:"Abbreviation of the local time zone."`
	Booted       string     `json:"booted" doc:"When the computer was started, empty when not known."`
	Uptime       int        `json:"uptime_seconds" doc:"Seconds since then."`
	CPU          cpuInfo    `json:"cpu" doc:"The processors."`
	Memory       memoryInfo `json:"memory" doc:"The main memory, in bytes."`
}

type cpuInfo struct {
	Model   string   `json:"model" doc:"Name of the processor."`
	Count   int      `json:"count" doc:"Logical processors."`
	Load    *float64 `json:"load" doc:"Processes that wanted to run, averaged over a minute; nothing on Windows."`
	Percent *float64 `json:"percent" doc:"How busy all processors are, if measured."`
}

type memoryInfo struct {
	Total     int     `json:"total" doc:"All memory."`
	Available int     `json:"available" doc:"Memory that programs can still get."`
	Used      int     `json:"used" doc:"Memory in use."`
	Percent   float64 `json:"percent" doc:"Part in use."`
	SwapTotal int     `json:"swap_total" doc:"Size of the swap space."`
	SwapUsed  int     `json:"swap_used" doc:"Swap space in use."`
}

func info(ctx context.Context, env *node.Env, in infoIn) (out infoOut, err error) {
	now := env.Now()
	zone, _ := now.Zone()
	out = infoOut{OS: runtime.GOOS, Architecture: runtime.GOARCH, Time: now.Format(time.RFC3339), Timezone: zone}
	out.Hostname, _ = os.Hostname()
	if u, err := user.Current(); err == nil {
		out.User, out.Home = u.Username, u.HomeDir
	}
	if h, err := host.InfoWithContext(ctx); err == nil {
		out.Platform = strings.TrimSpace(h.Platform + " " + h.PlatformVersion)
		out.Kernel, out.Uptime = h.KernelVersion, int(h.Uptime)
		if h.BootTime > 0 {
			out.Booted = time.Unix(int64(h.BootTime), 0).UTC().Format(time.RFC3339)
		}
	}
	if out.CPU, err = processors(ctx, in); err != nil {
		return out, err
	}
	if v, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		out.Memory = memoryInfo{Total: int(v.Total), Available: int(v.Available), Used: int(v.Used), Percent: percent(v.UsedPercent)}
	}
	if s, err := mem.SwapMemoryWithContext(ctx); err == nil {
		out.Memory.SwapTotal, out.Memory.SwapUsed = int(s.Total), int(s.Used)
	}
	return out, ctx.Err()
}

func processors(ctx context.Context, in infoIn) (out cpuInfo, err error) {
	out.Count = runtime.NumCPU()
	if list, err := cpu.InfoWithContext(ctx); err == nil && len(list) > 0 {
		out.Model = strings.TrimSpace(list[0].ModelName)
	}
	if l, err := load.AvgWithContext(ctx); err == nil && runtime.GOOS != "windows" {
		out.Load = &l.Load1
	}
	if !in.CPUPercent {
		return out, nil
	}
	list, err := cpu.PercentWithContext(ctx, in.Measure, false)
	if err != nil {
		return out, err
	}
	if len(list) > 0 {
		p := percent(list[0])
		out.Percent = &p
	}
	return out, nil
}

type diskIn struct {
	Path string `json:"path" widget:"folder" doc:"File or folder inside the folders the flow may use. Empty is the first of them."`
}

type diskOut struct {
	Path    string  `json:"path" doc:"The full path."`
	Total   int     `json:"total" doc:"Size of its disk in bytes."`
	Free    int     `json:"free" doc:"Bytes that are free for this user."`
	Used    int     `json:"used" doc:"Bytes in use."`
	Percent float64 `json:"percent" doc:"Part in use."`
	Disks   []any   `json:"disks" doc:"All disks: path, device, filesystem, total, free, used and percent."`
}

func diskUsage(ctx context.Context, env *node.Env, in diskIn) (out diskOut, err error) {
	if in.Path == "" {
		in.Path = "."
	}
	if out.Path, err = env.Files.Abs(in.Path); err != nil {
		return out, err
	}
	u, err := disk.UsageWithContext(ctx, out.Path)
	if err != nil {
		return out, err
	}
	out.Total, out.Free, out.Used, out.Percent = int(u.Total), int(u.Free), int(u.Used), percent(u.UsedPercent)
	out.Disks = []any{}
	parts, err := disk.PartitionsWithContext(ctx, false)
	if err != nil {
		return out, nil // what was asked for is there
	}
	for _, p := range parts {
		if u, err := disk.UsageWithContext(ctx, p.Mountpoint); err == nil && u.Total > 0 {
			out.Disks = append(out.Disks, map[string]any{
				"path": p.Mountpoint, "device": p.Device, "filesystem": p.Fstype,
				"total": int(u.Total), "free": int(u.Free), "used": int(u.Used), "percent": percent(u.UsedPercent),
			})
		}
	}
	return out, ctx.Err()
}
