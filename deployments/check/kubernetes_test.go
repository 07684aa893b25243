package check

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const anyUser = 65532

func eachOverlay(t *testing.T, check func(t *testing.T, m manifests)) {
	t.Helper()
	for _, overlay := range []string{"single", "production"} {
		t.Run(overlay, func(t *testing.T) {
			t.Parallel()
			check(t, build(t, overlay))
		})
	}
}

func TestSelectorsFindThePodsThatTheyAreMeantFor(t *testing.T) {
	t.Parallel()
	eachOverlay(t, func(t *testing.T, m manifests) {
		service, job := m.deployment.Spec.Template.Labels, map[string]string(nil)
		if len(m.jobs) > 0 {
			job = m.jobs[0].Spec.Template.Labels
		}
		finds := func(what string, selector *metav1.LabelSelector, pod map[string]string, want bool) {
			t.Helper()
			parsed, err := metav1.LabelSelectorAsSelector(selector)
			if err != nil {
				t.Fatal(err)
			}
			if got := parsed.Matches(labels.Set(pod)); got != want {
				t.Errorf("%s finds %v: got %t, want %t", what, pod, got, want)
			}
		}
		selectors := map[string]*metav1.LabelSelector{
			"deployment": m.deployment.Spec.Selector, "service": {MatchLabels: m.service.Spec.Selector},
		}
		for _, spread := range m.deployment.Spec.Template.Spec.TopologySpreadConstraints {
			selectors["spread over "+spread.TopologyKey] = spread.LabelSelector
		}
		if m.budget != nil {
			selectors["disruption budget"] = m.budget.Spec.Selector
		}
		for what, selector := range selectors {
			finds(what, selector, service, true)
			finds(what, selector, job, false)
		}
		for _, policy := range m.policies {
			finds("policy "+policy.Name, &policy.Spec.PodSelector, service, true)
			if job != nil {
				finds("policy "+policy.Name, &policy.Spec.PodSelector, job, true)
			}
		}
	})
}

func TestPortsAreNamedAsTheContainerNamesThem(t *testing.T) {
	t.Parallel()
	eachOverlay(t, func(t *testing.T, m manifests) {
		container := m.deployment.Spec.Template.Spec.Containers[0]
		if len(container.Ports) != 1 {
			t.Fatalf("ports: got %v, want one", container.Ports)
		}
		name := container.Ports[0].Name
		if got := ":8080"; m.settings.Data["MENJIN_HTTP_ADDR"] != got || container.Ports[0].ContainerPort != 8080 {
			t.Errorf("port: got %v and %s, want 8080", container.Ports, m.settings.Data["MENJIN_HTTP_ADDR"])
		}
		want := map[string]string{"service": m.service.Spec.Ports[0].TargetPort.String()}
		for probe, path := range map[*corev1.Probe]string{
			container.LivenessProbe: "/health/live", container.ReadinessProbe: "/health/ready", container.StartupProbe: "/health/live",
		} {
			if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path {
				t.Errorf("probe of %s: got %v", path, probe)
				continue
			}
			want["probe of "+path] = probe.HTTPGet.Port.String()
		}
		want["network policy"] = m.policies[0].Spec.Ingress[0].Ports[0].Port.String()
		if m.ingress != nil {
			for _, path := range m.ingress.Spec.Rules[0].HTTP.Paths {
				want["ingress of "+path.Path] = path.Backend.Service.Port.Name
				if path.Backend.Service.Name != m.service.Name {
					t.Errorf("ingress of %s: got service %s, want %s", path.Path, path.Backend.Service.Name, m.service.Name)
				}
			}
		}
		for what, port := range want {
			if port != name && port != m.service.Spec.Ports[0].Name {
				t.Errorf("%s: got port %s, want %s", what, port, name)
			}
		}
	})
}

// The rules are those of the restricted Pod Security Standard, and a root file system that cannot be written to.
func TestPodsAreRestricted(t *testing.T) {
	t.Parallel()
	eachOverlay(t, func(t *testing.T, m manifests) {
		for name, pod := range m.pods() {
			spec, container := pod.Spec, pod.Spec.Containers[0]
			own := spec.SecurityContext
			for rule, held := range map[string]bool{
				"one container":           len(spec.Containers) == 1 && len(spec.InitContainers) == 0,
				"not root":                *own.RunAsNonRoot && *own.RunAsUser == anyUser && *own.RunAsGroup == anyUser,
				"seccomp":                 own.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
				"no escalation":           !*container.SecurityContext.AllowPrivilegeEscalation,
				"read-only root":          *container.SecurityContext.ReadOnlyRootFilesystem,
				"no capability":           slices.Equal(container.SecurityContext.Capabilities.Drop, []corev1.Capability{"ALL"}),
				"none added":              len(container.SecurityContext.Capabilities.Add) == 0,
				"nothing of the host":     !spec.HostNetwork && !spec.HostPID && !spec.HostIPC,
				"no token":                !*spec.AutomountServiceAccountToken && !*m.account.AutomountServiceAccountToken,
				"own account":             spec.ServiceAccountName == m.account.Name,
				"no service links":        spec.EnableServiceLinks != nil && !*spec.EnableServiceLinks,
				"memory is limited":       !container.Resources.Limits.Memory().IsZero() && !container.Resources.Requests.Memory().IsZero(),
				"processor is asked for":  !container.Resources.Requests.Cpu().IsZero(),
				"same image as the other": container.Image == m.deployment.Spec.Template.Spec.Containers[0].Image,
				"image of the project":    strings.HasPrefix(container.Image, "ghcr.io/menjin-id/menjin:"),
			} {
				if !held {
					t.Errorf("%s does not hold: %s", name, rule)
				}
			}
			secretsAreFiles(t, name, pod)
		}
	})
}

func secretsAreFiles(t *testing.T, name string, pod corev1.PodTemplateSpec) {
	t.Helper()
	container, mounted := pod.Spec.Containers[0], make(map[string]string)
	for _, volume := range pod.Spec.Volumes {
		for _, mount := range container.VolumeMounts {
			if mount.Name == volume.Name && volume.Secret != nil && mount.ReadOnly {
				mounted[mount.MountPath] = volume.Secret.SecretName
				if mode := *volume.Secret.DefaultMode; mode != 0o440 {
					t.Errorf("%s: mode of the secrets: got %o, want 440", name, mode)
				}
			}
		}
		if volume.HostPath != nil {
			t.Errorf("%s: volume %s is of the host", name, volume.Name)
		}
	}
	for _, variable := range container.Env {
		folder, _, isFile := strings.Cut(variable.Value, "/secrets/")
		if variable.ValueFrom != nil || (isFile && mounted[folder+"/secrets"] != "menjin") {
			t.Errorf("%s: %s is not a file of a mounted secret", name, variable.Name)
		}
	}
}

func TestStoppingPodHasTimeToFinish(t *testing.T) {
	t.Parallel()
	eachOverlay(t, func(t *testing.T, m manifests) {
		spec := m.deployment.Spec.Template.Spec
		grace := time.Duration(*spec.TerminationGracePeriodSeconds) * time.Second
		pause := time.Duration(spec.Containers[0].Lifecycle.PreStop.Sleep.Seconds) * time.Second
		if pause < 3*time.Second || grace-pause < 20*time.Second {
			t.Errorf("got %s, %s of them before the signal; want 3 s or more, and 20 s or more after it", grace, pause)
		}
		limit := spec.Containers[0].Resources.Limits.Memory()
		var cores int64 // that hash passwords at once; unset, they are the node's
		for _, variable := range spec.Containers[0].Env {
			if variable.Name == "GOMEMLIMIT" && (variable.Value != "400MiB" || limit.Value() < 400<<20*5/4) {
				t.Errorf("GOMEMLIMIT is %s of %s, want four fifths at most", variable.Value, limit)
			}
			if variable.Name == "GOMAXPROCS" {
				cores, _ = strconv.ParseInt(variable.Value, 10, 64)
			}
		}
		if cores < 1 || cores*19<<20 > limit.Value()/4 {
			t.Errorf("GOMAXPROCS: got %d, want one that leaves three quarters of %s to the rest while passwords are hashed", cores, limit)
		}
	})
}

func TestProductionKeepsReplicasApartAndAlive(t *testing.T) {
	t.Parallel()
	m := build(t, "production")
	update := m.deployment.Spec.Strategy.RollingUpdate
	for rule, held := range map[string]bool{
		"three replicas":               *m.deployment.Spec.Replicas == 3 && *m.autoscaler.Spec.MinReplicas == 3,
		"autoscaler's target":          m.autoscaler.Spec.ScaleTargetRef.Name == m.deployment.Name && m.autoscaler.Spec.ScaleTargetRef.Kind == "Deployment",
		"never fewer in an update":     update.MaxUnavailable.IntValue() == 0 && update.MaxSurge.IntValue() > 0,
		"one goes at a time":           m.budget.Spec.MaxUnavailable.IntValue() == 1,
		"spread over nodes and zones":  len(m.deployment.Spec.Template.Spec.TopologySpreadConstraints) == 2,
		"a job that migrates":          slices.Equal(m.jobs[0].Spec.Template.Spec.Containers[0].Args, []string{"migrate", "up"}),
		"no volume to share":           len(m.claims) == 0,
		"calls out are policed":        slices.Contains(m.policies[0].Spec.PolicyTypes, "Egress"),
		"certificate for each host":    slices.Equal(m.ingress.Spec.TLS[0].Hosts, []string{m.ingress.Spec.Rules[0].Host}),
		"settings of job and service":  sameSettings(m),
		"nothing inside is published":  !published(m, "/"), // metrics, health and documentation
		"what WeChat calls is there":   published(m, "/wechat/push/"),
		"keys of tokens are published": published(m, "/.well-known/jwks.json"),
	} {
		if !held {
			t.Errorf("does not hold: %s", rule)
		}
	}
}

func sameSettings(m manifests) bool {
	environment := func(pod corev1.PodTemplateSpec) map[string]string {
		variables := make(map[string]string)
		for _, variable := range pod.Spec.Containers[0].Env {
			variables[variable.Name] = variable.Value
		}
		delete(variables, "GOMEMLIMIT")
		delete(variables, "GOMAXPROCS")
		variables["from"] = pod.Spec.Containers[0].EnvFrom[0].ConfigMapRef.Name
		return variables
	}
	return maps.Equal(environment(m.deployment.Spec.Template), environment(m.jobs[0].Spec.Template)) &&
		environment(m.jobs[0].Spec.Template)["from"] == m.settings.Name
}

func published(m manifests, path string) bool {
	for _, open := range m.ingress.Spec.Rules[0].HTTP.Paths {
		if open.Path == path {
			return true
		}
	}
	return false
}

func TestSingleReplicaHasItsVolumeToItself(t *testing.T) {
	t.Parallel()
	m := build(t, "single")
	data := m.deployment.Spec.Template.Spec.Volumes
	i := slices.IndexFunc(data, func(v corev1.Volume) bool { return v.Name == "data" })
	if claim := data[i].PersistentVolumeClaim; claim == nil || claim.ClaimName != m.claims[0].Name || data[i].EmptyDir != nil {
		t.Errorf("data: got %v, want the claim %s", data[i], m.claims[0].Name)
	}
	if m.deployment.Spec.Strategy.Type != "Recreate" || *m.deployment.Spec.Replicas != 1 {
		t.Errorf("got %s and %d replicas, want the old pod gone before the new one", m.deployment.Spec.Strategy.Type, *m.deployment.Spec.Replicas)
	}
}

func TestEveryManifestIsPartOfAnOverlay(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"base", "single", "production"} {
		list, err := os.ReadFile("../kubernetes/" + folder + "/kustomization.yaml")
		if err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir("../kubernetes/" + folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if entry.Name() != "kustomization.yaml" && !strings.Contains(string(list), entry.Name()) {
				t.Errorf("%s/%s: no kustomization names it", folder, entry.Name())
			}
		}
	}
}
