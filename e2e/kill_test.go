package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/repotest/sample"
	"github.com/ori-lang/registry/internal/repotest/spectest"
	"github.com/ori-lang/registry/translog"
)

// TestKillLosesNothing ends a registry with SIGKILL at random moments while
// four publishers send it small and large archives and an observer reads its
// checkpoints. After every kill it starts again with nothing temporary left,
// has every version that was answered with 201, goes on from every tree that
// was seen, and passes fsck. DRILL_ROUNDS makes it a long drill.
func TestKillLosesNothing(t *testing.T) {
	rounds := 40
	if text := os.Getenv("DRILL_ROUNDS"); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	d := newDrill(t)
	for round := range rounds {
		d.start()
		d.checkLeftovers()
		d.checkAnswered()
		d.checkTree()
		d.fsck()
		d.publishUntilKilled(round)
	}
	d.start()
	d.checkLeftovers()
	d.checkAnswered()
	d.checkTree()
	d.fsck()
	t.Logf("%d kills; %d publishes were answered, of which %d large; the log has %d entries", rounds, d.total, d.large, d.seen.N)
	if d.total == 0 || d.large == 0 {
		t.Error("no publish was answered between the kills: the drill shows nothing")
	}
}

// TestKillAtTheFirstStart ends a registry while it makes its folder, database,
// key, anchor and log: the next start finishes what is missing.
func TestKillAtTheFirstStart(t *testing.T) {
	moment := rand.New(rand.NewPCG(rand.Uint64(), 0))
	for range 25 {
		d := &drill{t: t, bin: binaries(t), data: t.TempDir(), listenAddr: "127.0.0.1:0", client: checkedClient(t)}
		t.Cleanup(d.kill)
		d.launch()
		<-time.After(time.Duration(moment.IntN(60_000)) * time.Microsecond)
		d.kill()
		d.start()
		d.get(d.urls.Checkpoint())
		d.fsck()
		d.kill()
	}
}

type drill struct {
	t          *testing.T
	bin, data  string
	urls       api.URLs
	token      string
	verifier   *translog.Verifier
	server     *exec.Cmd
	client     *http.Client
	next       atomic.Int64
	mu         sync.Mutex
	answered   map[ident.Ref]ident.Checksum // since the last check
	seen       tlog.Tree                    // the newest checkpoint that was read
	total      int
	large      int
	moment     *rand.Rand
	listenAddr string

	awaited   int // answers before the kill
	onlyLarge bool
	reached   chan struct{} // closed when they are there
	took      atomic.Int64  // nanoseconds, by the publish that was answered last
}

func newDrill(t *testing.T) *drill {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	d := &drill{
		t: t, bin: binaries(t), data: t.TempDir(), client: checkedClient(t),
		answered: make(map[ident.Ref]ident.Checksum), moment: rand.New(rand.NewPCG(seed, 0)), listenAddr: "127.0.0.1:0",
	}
	t.Cleanup(d.kill)
	d.start()
	output, err := exec.Command(filepath.Join(d.bin, "ori-registry"), "user", "add", "--json", "--data", d.data, "ada").Output()
	if err != nil {
		t.Fatal(err)
	}
	var user struct{ Token string }
	if err := json.Unmarshal(output, &user); err != nil {
		t.Fatal(err)
	}
	d.token = user.Token
	var discovery api.Discovery
	if err := json.Unmarshal(d.get(d.urls.Discovery()), &discovery); err != nil {
		t.Fatal(err)
	}
	if d.verifier, err = translog.NewVerifier(discovery.Log.PublicKey); err != nil {
		t.Fatal(err)
	}
	if status, text, err := d.call(http.MethodPut, d.urls.Scope("drill"), nil, ""); err != nil || status != http.StatusCreated {
		t.Fatal(status, string(text), err)
	}
	d.kill()
	return d
}

// checkedClient holds every exchange against the spec.
func checkedClient(t *testing.T) *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: spectest.New(t).Transport(http.DefaultTransport)}
}

// launch starts the process of the registry.
func (d *drill) launch() (output io.Reader) {
	d.t.Helper()
	d.server = exec.Command(filepath.Join(d.bin, "ori-registry"), "serve", "--data", d.data, "--listen", d.listenAddr,
		"--log-origin", "drill.example/log", "--log-level", "error", "--rate-anonymous", "1000000", "--rate-authenticated", "1000000")
	d.server.Stderr = os.Stderr
	output, err := d.server.StdoutPipe()
	if err == nil {
		err = d.server.Start()
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return output
}

// start starts the registry and waits until it says where it listens.
func (d *drill) start() {
	d.t.Helper()
	output := d.launch()
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if address, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "listens on"); ok {
			var err error
			if d.urls, err = api.NewURLs("http://" + strings.TrimSpace(address)); err != nil {
				d.t.Fatal(err)
			}
			go io.Copy(io.Discard, output)
			return
		}
	}
	d.t.Fatal("the registry did not start")
}

func (d *drill) kill() {
	if d.server != nil {
		_ = d.server.Process.Kill()
		_ = d.server.Wait()
		d.server = nil
	}
}

// publishUntilKilled lets publishers and an observer work and kills the
// registry at a random moment: after some answers, in every other round those to
// large archives, and a part of the time that a publish takes. So however slow
// the machine is, as many are answered, and others are at any of their steps. No
// answer is awaited now and then: that hits the first writes after a start.
func (d *drill) publishUntilKilled(round int) {
	d.await(d.moment.IntN(1+round%10), round%2 == 1)
	ctx, stop := context.WithCancel(d.t.Context())
	var publishers, observer sync.WaitGroup
	for worker := range 4 {
		publishers.Go(func() {
			for ctx.Err() == nil && d.publishOne(ctx, worker%2 == 1) {
			}
		})
	}
	observer.Go(func() {
		for ctx.Err() == nil && d.observe(ctx) {
		}
	})
	gaveUp := make(chan struct{})
	go func() { publishers.Wait(); close(gaveUp) }()
	select {
	case <-d.reached:
	case <-gaveUp:
		d.t.Errorf("round %d: the publishers gave up before the kill", round)
	}
	<-time.After(time.Duration(d.moment.Float64() * float64(d.took.Load())))
	d.kill()
	stop()
	<-gaveUp
	observer.Wait()
}

// await has d.reached closed after so many answers.
func (d *drill) await(answers int, onlyLarge bool) {
	d.awaited, d.onlyLarge, d.reached = answers, onlyLarge, make(chan struct{})
	if answers == 0 {
		close(d.reached)
	}
}

// publishOne publishes a new version and notes it when it was answered.
func (d *drill) publishOne(ctx context.Context, large bool) bool {
	p := sample.Package{Ref: fmt.Sprintf("@drill/p%d@1.%d.0", d.next.Load()%7, d.next.Add(1)), Noise: 5 << 10}
	if large {
		p.Noise = 150 << 10
	}
	content := p.Archive(d.t)
	ref := sample.Ref(d.t, p.Ref)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	field, err := form.CreateFormFile("archive", "a.oripk")
	if err == nil {
		_, err = field.Write(content)
	}
	if err != nil {
		d.t.Error(err)
		return false
	}
	form.Close()
	began := time.Now()
	status, text, err := d.callWith(ctx, http.MethodPost, d.urls.Publish(ref.Package), &body, form.FormDataContentType())
	if err != nil {
		return false // killed
	}
	if status != http.StatusCreated {
		d.t.Errorf("publishing %s: %d %s", ref, status, text)
		return false
	}
	d.took.Store(int64(time.Since(began)))
	d.noteAnswer(ref, ident.ChecksumOf(content), large)
	return true
}

func (d *drill) noteAnswer(ref ident.Ref, checksum ident.Checksum, large bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answered[ref] = checksum
	d.total++
	if large {
		d.large++
	}
	if large || !d.onlyLarge {
		if d.awaited--; d.awaited == 0 {
			close(d.reached)
		}
	}
}

func (d *drill) observe(ctx context.Context) bool {
	status, text, err := d.callWith(ctx, http.MethodGet, d.urls.Checkpoint(), nil, "")
	if err != nil || status != http.StatusOK {
		return false
	}
	tree, err := d.verifier.OpenCheckpoint(text)
	if err != nil {
		d.t.Errorf("the checkpoint does not verify: %v", err)
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if tree.N > d.seen.N {
		d.seen = tree
	}
	return true
}

// checkLeftovers checks that the start has swept what the kill left.
func (d *drill) checkLeftovers() {
	d.t.Helper()
	left, err := os.ReadDir(filepath.Join(d.data, "incoming"))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, entry := range left {
		d.t.Errorf("after the start, incoming/ still holds %s", entry.Name())
	}
}

// checkAnswered reads back what was answered since the last check.
func (d *drill) checkAnswered() {
	d.t.Helper()
	for ref, checksum := range d.answered {
		if got := ident.ChecksumOf(d.get(d.urls.Download(ref))); got != checksum {
			d.t.Errorf("%s was answered with 201 and its archive has %s, not %s", ref, got, checksum)
		}
		proof, err := d.verifier.VerifyProof(d.get(d.urls.Proof(ref)))
		if err != nil || proof.Entry.Archive != checksum {
			d.t.Errorf("%s was answered with 201 and its proof says %+v (%v)", ref, proof, err)
		}
	}
	clear(d.answered)
}

// checkTree checks that the log goes on from the newest tree that was seen.
func (d *drill) checkTree() {
	d.t.Helper()
	tree, err := d.verifier.OpenCheckpoint(d.get(d.urls.Checkpoint()))
	if err != nil {
		d.t.Fatal(err)
	}
	if d.seen.N == 0 {
		d.seen = tree
	}
	if err := translog.Consistent(d.t.Context(), d.seen, tree, d); err != nil {
		d.t.Errorf("a tree of %d was seen, now it is one of %d: %v", d.seen.N, tree.N, err)
	}
	d.seen = tree
}

// Tile makes the drill a translog.TileSource.
func (d *drill) Tile(_ context.Context, tile tlog.Tile) ([]byte, error) {
	return d.get(d.urls.Log() + "/" + translog.TilePath(tile)), nil
}

func (d *drill) fsck() {
	d.t.Helper()
	output, err := exec.Command(filepath.Join(d.bin, "ori-registry"), "fsck", "--data", d.data).CombinedOutput()
	if err != nil {
		d.t.Fatalf("fsck: %v\n%s", err, output)
	}
}

func (d *drill) get(url string) []byte {
	d.t.Helper()
	status, text, err := d.call(http.MethodGet, url, nil, "")
	if err != nil || status != http.StatusOK {
		d.t.Fatalf("GET %s: %d %s (%v)", url, status, text, err)
	}
	return text
}

func (d *drill) call(method, url string, body io.Reader, contentType string) (int, []byte, error) {
	return d.callWith(d.t.Context(), method, url, body, contentType)
}

func (d *drill) callWith(ctx context.Context, method, url string, body io.Reader, contentType string) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return 0, nil, err
	}
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	reply, err := d.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	return reply.StatusCode, text, err
}
