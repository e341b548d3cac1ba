package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Times and sizes of a connection. A body that does not arrive in the time to
// read leaves as much time to say so. Uploads and downloads, which may rightly
// take longer, move their own deadlines on as long as bytes flow.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 2 * readTimeout
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// serve answers whoever connects, from now on and until the server closes.
func (s *Server) serve() {
	s.web, s.served = s.httpServer(), make(chan error, 1)
	go func() {
		s.served <- s.web.Serve(s.listener)
		close(s.served)
	}()
	s.closers.add(func() error {
		err := s.web.Close()
		<-s.served
		return err
	})
}

// Run serves until ctx ends, then stops: running calls get the shutdown timeout
// to end and are cut off after it, which is an error. Everything is closed when
// it returns.
func (s *Server) Run(ctx context.Context) error {
	s.closers.add(s.keepSweeping())
	select {
	case err := <-s.served:
		return errors.Join(fmt.Errorf("serving: %w", err), s.Close())
	case <-ctx.Done():
		return errors.Join(s.drain(), s.Close())
	}
}

// sweepInterval is how often archives that a failed publish left are looked for.
const sweepInterval = 10 * time.Minute

// keepSweeping sweeps now and then until stop is called, which waits for it.
func (s *Server) keepSweeping() (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(sweepInterval); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			s.sweep(ctx)
		}
	}()
	return func() error { cancel(); <-done; return nil }
}

// sweep has no error: what it leaves waits for the next one. A read-only
// registry cannot tell which archives are owned.
func (s *Server) sweep(ctx context.Context) {
	if s.ReadOnly() != "" {
		return
	}
	if err := s.blobs.Sweep(ctx, s.reg.OwnsArchive); err != nil && ctx.Err() == nil {
		s.log.Error("sweeping failed", "error", err)
	}
}

func (s *Server) httpServer() *http.Server {
	return &http.Server{
		Handler:           &s.door,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),

		DisableGeneralOptionsHandler: true, // OPTIONS * is answered like everything else
	}
}

func (s *Server) drain() error {
	s.stopping.Store(true)
	s.sequence.EndFollowing()
	s.log.Info("stopping", "timeout", time.Duration(s.cfg.ShutdownTimeout))
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(s.cfg.ShutdownTimeout))
	defer cancel()
	err := s.web.Shutdown(ctx)
	if err == nil {
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("calls still ran after %v and were cut off", time.Duration(s.cfg.ShutdownTimeout))
	}
	return errors.Join(fmt.Errorf("stopping: %w", err), s.web.Close())
}
