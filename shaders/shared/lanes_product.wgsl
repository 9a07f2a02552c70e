      // What each lane has put, a$i of its own rows, times the weights from `quad` on: added to low$i and high$i of
      // all.
      lanes_ready();
      let count = min(p.lanes, p.depth - c);
      for (var other = 0u; other < count; other++) {
        let k = (quad + other) * 4u * p.lanes + lane;
        let w0 = w_at(k);
        let w1 = w_at(k + p.lanes);
        let w2 = w_at(k + 2u * p.lanes);
        let w3 = w_at(k + 3u * p.lanes);
        // for $i in ROWS
        let s$i = lanes_get($iu, neighbours + other, a$i);
        low$i += s$i.x * w0[0] + s$i.y * w1[0] + s$i.z * w2[0] + s$i.w * w3[0];
        high$i += s$i.x * w0[1] + s$i.y * w1[1] + s$i.z * w2[1] + s$i.w * w3[1];
        // end
      }
