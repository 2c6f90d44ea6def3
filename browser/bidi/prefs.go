package bidi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/browser"
)

// quiet are preferences of a Firefox that works for a robot: no pages of its own, no traffic of its own, and each page
// that opens another is followed.
var quiet = map[string]any{
	"app.normandy.enabled": false, "app.shield.optoutstudies.enabled": false, "app.update.auto": false, "app.update.enabled": false,
	"browser.aboutwelcome.enabled": false, "browser.chrome.site_icons": false, "browser.contentblocking.report.lockwise.enabled": false,
	"browser.download.alwaysOpenPanel": false, "browser.download.always_ask_before_handling_new_types": false, "browser.newtabpage.enabled": false, "browser.newtab.preload": false,
	"browser.region.update.enabled": false, "browser.safebrowsing.downloads.remote.enabled": false, "browser.search.suggest.enabled": false,
	"browser.sessionstore.resume_from_crash": false, "browser.shell.checkDefaultBrowser": false, "browser.startup.homepage": "about:blank",
	"browser.startup.page": 0, "browser.tabs.firefox-view": false, "browser.uitour.enabled": false, "browser.urlbar.quicksuggest.enabled": false,
	"browser.vpn_promo.enabled": false, "captivedetect.canonicalURL": "", "datareporting.policy.dataSubmissionEnabled": false,
	"datareporting.policy.firstRunURL": "", "dom.disable_open_during_load": false, "extensions.blocklist.enabled": false,
	"extensions.systemAddon.update.enabled": false, "extensions.update.enabled": false, "media.gmp-manager.updateEnabled": false,
	"messaging-system.rsexperimentloader.enabled": false, "nimbus.rollouts.enabled": false, "network.captive-portal-service.enabled": false,
	"network.connectivity-service.enabled": false, "network.dns.disablePrefetch": true, "network.http.speculative-parallel-limit": 0,
	"network.prefetch-next": false, "network.trr.mode": 5, "places.history.enabled": false, "privacy.trackingprotection.enabled": false,
	"security.ssl.errorReporting.automatic": false, "services.settings.poll_interval": 31_536_000, "signon.rememberSignons": false,
	"toolkit.telemetry.enabled": false, "toolkit.telemetry.unified": false, "trailhead.firstrun.didSeeAboutWelcome": true,
	// The mouse goes the way that a person's goes, by the window: so it reaches frames of other sites.
	"remote.events.async.mouse.enabled": true, "remote.events.async.wheel.enabled": true,
	// Pages may ask where they are: they are told what a flow says, and nothing otherwise.
	"permissions.default.geo": 1, "geo.provider.network.url": "", "geo.provider.use_geoclue": false,
	// A page that is left is not kept, so that going back loads it again, as it does in Chromium.
	"browser.sessionhistory.max_total_viewers": 0, "fission.bfcacheInParent": false,
	// The proxy of a context is for this machine's own addresses, too; those that it is not for are named.
	"network.proxy.allow_hijacking_localhost": true,
}

// preferences is the user.js of a profile.
func preferences(o browser.Launch) string {
	all := maps.Clone(quiet)
	if o.Headless { // a page in a tab behind another stands still
		all["browser.link.open_newwindow"] = 2
	}
	if len(o.Refuse) > 0 {
		all["network.proxy.type"] = 2
		all["network.proxy.autoconfig_url"] = "data:application/x-ns-proxy-autoconfig," + url.PathEscape(refusing(o.Refuse))
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		v, err := json.Marshal(all[name])
		if err == nil {
			fmt.Fprintf(&b, "user_pref(%q, %s);\n", name, v)
		}
	}
	return b.String()
}

// refusing is a script that says which proxy a host is reached by: for those that are refused it is one where nothing
// answers.
func refusing(hosts []string) string {
	list, err := json.Marshal(hosts)
	if err != nil {
		list = []byte("[]")
	}
	return "function FindProxyForURL(url, host) { host = host.toLowerCase().replace(/\\.$/, '').replace(/[\\[\\]]/g, ''); return " + string(list) + ".some(p => shExpMatch(host, p)) ? 'PROXY 127.0.0.1:9' : 'DIRECT'; }"
}
