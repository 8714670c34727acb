using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Managed.Tests.Hub;

/// <summary>A request as it came in.</summary>
internal sealed record HubRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>First byte of the range asked for; 0 where none was.</summary>
    public long From => Headers.TryGetValue("Range", out string? range) ? long.Parse(range["bytes=".Length..].TrimEnd('-')) : 0;
}

/// <summary>An answer, good or bad: what is written to the socket is exactly this.</summary>
internal sealed record HubReply(int Status, byte[] Body, params (string Name, string Value)[] Headers)
{
    public HubReply(int status, params (string Name, string Value)[] headers)
        : this(status, [], headers)
    {
    }

    /// <summary>The Content-Length that is claimed; by default the true one.</summary>
    public long? Claimed { get; init; }

    /// <summary>The body in chunks, without a length.</summary>
    public bool Chunked { get; init; }

    /// <summary>After the body, keep the connection open and say nothing until the client leaves.</summary>
    public bool Silent { get; init; }
}

/// <summary>A small HTTP server on the loopback address that does what a test tells it to, misbehaviour included.</summary>
internal sealed class HubServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<HubRequest, HubReply> _answer;
    private readonly CancellationTokenSource _closing = new();

    public HubServer(Func<HubRequest, HubReply> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public ConcurrentQueue<HubRequest> Requests { get; } = [];

    public IEnumerable<HubRequest> Of(string method, string end) => Requests.Where(r => r.Method == method && r.Path.EndsWith(end));

    public void Dispose()
    {
        _closing.Cancel();
        _listener.Stop();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_closing.Token));
        }
        catch (OperationCanceledException)
        {
            // the test is over
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            NetworkStream stream = client.GetStream();
            var reader = new StreamReader(stream, Encoding.Latin1);
            if (await reader.ReadLineAsync() is not { } first)
                return;
            var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            while (await reader.ReadLineAsync() is { Length: > 0 } line)
                headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();
            string[] words = first.Split(' ');
            var request = new HubRequest(words[0], words[1], headers);
            Requests.Enqueue(request);
            try
            {
                await WriteAsync(stream, request.Method == "HEAD", _answer(request));
            }
            catch (IOException)
            {
                // the client has hung up, as some tests want it to
            }
        }
    }

    private async Task WriteAsync(NetworkStream stream, bool head, HubReply reply)
    {
        var text = new StringBuilder($"HTTP/1.1 {reply.Status} Status\r\nConnection: close\r\n");
        text.Append(reply.Chunked ? "Transfer-Encoding: chunked\r\n" : $"Content-Length: {reply.Claimed ?? reply.Body.Length}\r\n");
        foreach ((string name, string value) in reply.Headers)
            text.Append($"{name}: {value}\r\n");
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text.Append("\r\n").ToString()));
        if (head)
            return;
        foreach (byte[] part in reply.Chunked ? reply.Body.Chunk(1000) : [reply.Body])
        {
            if (reply.Chunked)
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"{part.Length:x}\r\n"));
            await stream.WriteAsync(part);
            if (reply.Chunked)
                await stream.WriteAsync("\r\n"u8.ToArray());
        }
        if (reply.Chunked)
            await stream.WriteAsync("0\r\n\r\n"u8.ToArray());
        if (reply.Silent)
            await Task.Delay(Timeout.Infinite, _closing.Token).ContinueWith(_ => { }, TaskScheduler.Default);
    }
}
