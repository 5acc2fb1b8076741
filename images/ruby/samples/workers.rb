WORKERS = 4

readers = WORKERS.times.map do |first|
  reader, writer = IO.pipe
  fork do
    writer.puts first.step(999_999, WORKERS).sum
  end
  writer.close
  reader
end
total = readers.sum { |reader| reader.read.to_i }
Process.waitall
puts "#{WORKERS} workers: #{total}"
