namespace ILGPU.Runtime.Cuda;

// Work that is recorded: loading a kernel or allocating would break the capture, so the driver is told that these calls are meant.
public sealed partial class CudaAccelerator
{
    /// <summary>Captures that this thread has begun and not ended.</summary>
    [ThreadStatic]
    private static int s_captures;

    internal static void EnterCapture() => s_captures++;

    internal static void LeaveCapture() => s_captures--;

    /// <summary>Until disposed, calls that are forbidden during a capture are allowed on this thread; they are not part of it.</summary>
    private CaptureExemption ExemptFromCapture() => new(this);

    private ref struct CaptureExemption
    {
        private readonly CudaAccelerator? _accelerator;
        private CudaCaptureMode _mode = CudaCaptureMode.Relaxed;

        public CaptureExemption(CudaAccelerator accelerator)
        {
            if (s_captures > 0)
            {
                _accelerator = accelerator;
                accelerator.Check(accelerator.Driver.ThreadExchangeStreamCaptureMode(ref _mode), "cuThreadExchangeStreamCaptureMode");
            }
        }

        public void Dispose() =>
            _accelerator?.Check(_accelerator.Driver.ThreadExchangeStreamCaptureMode(ref _mode), "cuThreadExchangeStreamCaptureMode");
    }
}
