// Random writes and reads through the bridge, at clocks that do not fit each other, against a memory that answers late.
`timescale 1ns/1ps
module bridge_tb;
    parameter S_HALF = 4000, M_HALF = 2000;
    reg s_clock = 0, m_clock = 0, s_reset = 1, m_reset = 1;
    always #(S_HALF / 1000.0) s_clock = !s_clock;
    always #(M_HALF / 1000.0) m_clock = !m_clock;

    reg [15:0] awaddr, araddr;
    reg [31:0] wdata;
    reg [3:0] wstrb;
    reg awvalid = 0, wvalid = 0, bready = 0, arvalid = 0, rready = 0;
    wire awready, wready, bvalid, arready, rvalid;
    wire [1:0] bresp, rresp;
    wire [31:0] rdata;

    wire [15:0] m_awaddr, m_araddr;
    wire [31:0] m_wdata;
    wire [3:0] m_wstrb;
    wire m_awvalid, m_wvalid, m_bready, m_arvalid, m_rready;
    reg m_awready = 0, m_wready = 0, m_bvalid = 0, m_arready = 0, m_rvalid = 0;
    reg [1:0] m_bresp, m_rresp;
    reg [31:0] m_rdata;

    fogline_axil_bridge bridge (
        .s_clock(s_clock), .s_reset(s_reset), .s_axil_awaddr(awaddr), .s_axil_awvalid(awvalid),
        .s_axil_awready(awready), .s_axil_wdata(wdata), .s_axil_wstrb(wstrb), .s_axil_wvalid(wvalid),
        .s_axil_wready(wready), .s_axil_bresp(bresp), .s_axil_bvalid(bvalid), .s_axil_bready(bready),
        .s_axil_araddr(araddr), .s_axil_arvalid(arvalid), .s_axil_arready(arready), .s_axil_rdata(rdata),
        .s_axil_rresp(rresp), .s_axil_rvalid(rvalid), .s_axil_rready(rready),
        .m_clock(m_clock), .m_reset(m_reset), .m_axil_awaddr(m_awaddr), .m_axil_awvalid(m_awvalid),
        .m_axil_awready(m_awready), .m_axil_wdata(m_wdata), .m_axil_wstrb(m_wstrb), .m_axil_wvalid(m_wvalid),
        .m_axil_wready(m_wready), .m_axil_bresp(m_bresp), .m_axil_bvalid(m_bvalid), .m_axil_bready(m_bready),
        .m_axil_araddr(m_araddr), .m_axil_arvalid(m_arvalid), .m_axil_arready(m_arready), .m_axil_rdata(m_rdata),
        .m_axil_rresp(m_rresp), .m_axil_rvalid(m_rvalid), .m_axil_rready(m_rready)
    );

    // The slave. A response is a mix of the address, so that one that goes astray is seen.
    reg [31:0] memory [0:63];
    reg [15:0] aw, ar;
    reg [31:0] w;
    reg got_aw = 0, got_w = 0, got_ar = 0;
    always @(posedge m_clock) begin
        m_awready <= $random; m_wready <= $random; m_arready <= $random;
        if (m_awvalid && m_awready) begin
            if (got_aw) begin $display("a second write address"); $finish; end
            aw = m_awaddr; got_aw = 1;
        end
        if (m_wvalid && m_wready) begin
            if (got_w || m_wstrb !== ~m_wdata[3:0]) begin $display("wrong write data"); $finish; end
            w = m_wdata; got_w = 1;
        end
        if (m_bvalid && m_bready) m_bvalid <= 0;
        if (got_aw && got_w && !m_bvalid && $random % 4 == 0) begin
            memory[aw[7:2]] = w; m_bresp <= aw[3:2]; m_bvalid <= 1; got_aw = 0; got_w = 0;
        end
        if (m_arvalid && m_arready) begin
            if (got_ar) begin $display("a second read address"); $finish; end
            ar = m_araddr; got_ar = 1;
        end
        if (m_rvalid && m_rready) m_rvalid <= 0;
        if (got_ar && !m_rvalid && $random % 4 == 0) begin
            m_rdata <= memory[ar[7:2]]; m_rresp <= ar[3:2]; m_rvalid <= 1; got_ar = 0;
        end
    end

    task write(input [15:0] address, input [31:0] data);
        begin
            awaddr <= address; wdata <= data; wstrb <= ~data[3:0]; awvalid <= $random; wvalid <= 1;
            @(posedge s_clock); awvalid <= 1;
            while (!(awvalid && awready && wvalid && wready)) @(posedge s_clock);
            awvalid <= 0; wvalid <= 0; awaddr <= 16'hdead; wdata <= 32'hdeadbeef;
            while (!(bvalid && bready)) begin bready <= $random; @(posedge s_clock); end
            if (bresp !== address[3:2]) begin $display("wrong write response"); $finish; end
            bready <= 0;
        end
    endtask
    task read(input [15:0] address, output [31:0] data);
        begin
            araddr <= address; arvalid <= 1;
            @(posedge s_clock);
            while (!(arvalid && arready)) @(posedge s_clock);
            arvalid <= 0; araddr <= 16'hdead;
            while (!(rvalid && rready)) begin rready <= $random; @(posedge s_clock); end
            if (rresp !== address[3:2]) begin $display("wrong read response"); $finish; end
            data = rdata; rready <= 0;
        end
    endtask

    // Writes go to even words and reads come from odd ones at the same time; then all is read back.
    reg [31:0] expected [0:63];
    integer i, j, at, from;
    reg [31:0] data;
    initial begin
        for (i = 0; i < 64; i = i + 1) begin expected[i] = $random; memory[i] = expected[i]; end
        #200 @(posedge s_clock) s_reset <= 0;
        @(posedge m_clock) m_reset <= 0;
        #100 @(posedge s_clock);
        fork
            for (i = 0; i < 2000; i = i + 1) begin
                at = ($random & 31) * 2;
                expected[at] = $random;
                write(at * 4, expected[at]);
            end
            for (j = 0; j < 2000; j = j + 1) begin
                from = ($random & 31) * 2 + 1;
                read(from * 4, data);
                if (data !== expected[from]) begin $display("wrong data"); $finish; end
            end
        join
        for (i = 0; i < 64; i = i + 1) begin
            read(i * 4, data);
            if (data !== expected[i]) begin $display("wrong data at the end"); $finish; end
        end
        $display("passed");
        $finish;
    end
    initial #100000000 begin $display("stuck"); $finish; end
endmodule
